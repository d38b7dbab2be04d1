//! `faqbot publish`, `versions` and `rollback`: which version of a FAQ all servers over one store answer from.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use faqbot::Embedder;
use faqbot::bot::AnyBot;
use faqbot::faq::Answers;
use faqbot::learn::effect::effect;
use faqbot::quality::check::{self, Level};
use faqbot::quality::eval::{self, LabelledQuery};
use faqbot_server::names::check_name;
use faqbot_store::published::{Folder, pack, unpack};
use faqbot_store::review::labels;
use faqbot_store::versions::{Content, Version};
use faqbot_store::{Missing, Store};
use xxhash_rust::xxh3::Xxh3Default;

use super::log::when;
use crate::config::Settings;
use crate::exit::{ANSWERED, NOT_ANSWERED};
use crate::names::one_faq;
use crate::output::messages::{note, warn};
use crate::output::style::{BOLD, DIM, count, plain, styled};
use crate::setup::{self, SettingsSource};
use crate::store::with_store;

#[derive(Debug, Args)]
pub struct PublishArgs {
    /// FAQ files or folders, published as one FAQ (default: as --faq)
    pub input: Vec<PathBuf>,
    /// The name it is served under (default: that of the file)
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Who publishes it (default: the user)
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
    /// What is new in it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Also where it is worse than the version before
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct VersionsArgs {
    /// Only those of the FAQ with this name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The version to serve (default: the one before that is served now)
    pub number: Option<i64>,
    /// The FAQ, where several are published
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// Findings that are said.
const SHOWN: usize = 10;

/// What the store of these commands is for.
const STORE: &str = "FAQs are published, such as postgres://host/faqbot";

/// `faqbot publish`: the exit code, 1 where it is refused.
pub fn publish(settings: &Settings, args: &PublishArgs) -> Result<u8> {
    let settings = match &args.input[..] {
        [] => settings.clone(),
        input => Settings { faq: input.to_vec(), ..settings.clone() },
    };
    if settings.faq.is_empty() {
        bail!("name the FAQ to publish: faqbot publish --store URL shop.yaml");
    }
    let (own, settings) = one_faq(&settings)?;
    let name = args.name.clone().unwrap_or(own);
    check_name(&name)?;
    with_store(&settings, STORE, Missing::Create, async |store| {
        publish_to(&settings, args, &name, store).await
    })
}

async fn publish_to(settings: &Settings, args: &PublishArgs, name: &str, store: &Store) -> Result<u8> {
    // Before the work: whoever publishes meanwhile is not overwritten.
    let known = store.versions(Some(name)).await?;
    let base = known.iter().map(|version| version.number).max().unwrap_or(0);
    let served = known.iter().find(|version| version.served);
    let faq = setup::load_faq(settings, Answers::Required)?;
    let embedder: Arc<dyn Embedder> = Arc::from(setup::load_embedder(settings)?);
    // Vectors may be read from these folders until the end.
    let (folder, old_folder) = (Folder::own()?, Folder::own()?);
    let source = SettingsSource::new(settings.clone(), Arc::clone(&embedder));
    let (content, bot) = pack(&source, faq, &folder)?;
    let hash = hash(&content);
    if let Some(served) =
        served.filter(|served| served.hash == hash && served.model == bot.embedder().model().as_str())
    {
        note(&format!("{name}: version {} is the same, and is served already", served.number));
        return Ok(ANSWERED);
    }
    let before = match served {
        Some(served) if served.model == embedder.model().as_str() => {
            let content = store.content(name, served.number).await?;
            Some(unpack(&source, &content, &served.model, &old_folder, warn)?)
        }
        _ => None,
    };
    let worse = worse(settings, before.as_ref(), &bot, &embedder)?;
    if !worse.is_empty() {
        worse.iter().take(SHOWN).for_each(|line| warn(line));
        if worse.len() > SHOWN {
            warn(&format!("{} more", worse.len() - SHOWN));
        }
        if !args.force {
            note(&format!("{name} is not published; --force publishes it all the same"));
            return Ok(NOT_ANSWERED);
        }
    }
    let version = Version {
        faq: name.to_owned(),
        number: base + 1,
        hash,
        at: 0,
        author: args.author.clone().or_else(user).unwrap_or_default(),
        note: args.note.clone().unwrap_or_default(),
        entries: bot.faq().entries.len() as i64,
        model: bot.embedder().model().to_string(),
        served: true,
    };
    let number = store.publish(&version, &content, base).await?;
    let entries = count(bot.faq().entries.len(), "entry", "entries");
    writeln!(anstream::stdout().lock(), "{}: version {number}, {entries}", plain(name))?;
    Ok(ANSWERED)
}

/// What is worse than in the version that is served: what `check` finds and did not, and the labelled questions that lose
/// their answer or get a wrong one, where they are more than those that gain.
fn worse(
    settings: &Settings,
    before: Option<&AnyBot>,
    bot: &AnyBot,
    embedder: &Arc<dyn Embedder>,
) -> Result<Vec<String>> {
    let findings = |bot: &AnyBot| -> Result<Vec<String>> {
        let found = check::check(bot.faq(), embedder, None, &mut |_| ())?;
        Ok(found.into_iter().filter(|one| one.level == Level::Fix).map(|one| one.message).collect())
    };
    let mut lines = findings(bot)?;
    let Some(before) = before else {
        // There is nothing to be worse than: what there is to fix is said.
        lines.iter().take(SHOWN).for_each(|line| warn(line));
        return Ok(Vec::new());
    };
    let known: HashSet<String> = findings(before)?.into_iter().collect();
    lines.retain(|line| !known.contains(line));
    let labelled = settings.faq.first().map(|path| labels::path(path)).filter(|path| path.is_file());
    let Some(path) = labelled else { return Ok(lines) };
    let mut all = eval::load_queries(&path)?;
    // What visitors say is no reason to refuse what the operator writes.
    all.retain(|label| !label.kind.as_deref().is_some_and(|kind| labels::OF_VISITORS.contains(&kind)));
    // What one of the two has no entry for cannot be compared.
    let (gone, both): (Vec<LabelledQuery>, Vec<LabelledQuery>) = all.into_iter().partition(|label| {
        label
            .expected
            .as_deref()
            .is_some_and(|id| bot.faq().position(id).is_none() || before.faq().position(id).is_none())
    });
    if !gone.is_empty() {
        note(&format!(
            "{} are of entries that are new or gone",
            count(gone.len(), "labelled question", "labelled questions")
        ));
    }
    if both.is_empty() {
        return Ok(lines);
    }
    let texts: Vec<&str> = both.iter().map(|label| label.query.as_str()).collect();
    let old = before.verdicts(&texts, AnyBot::MATCHES, &mut |_| ())?;
    let new = bot.verdicts(&texts, AnyBot::MATCHES, &mut |_| ())?;
    let effect = effect(&both, (before, &old), (bot, &new));
    // Where more is gained than lost, it is no worse.
    if effect.wrong.len() + effect.lost.len() > effect.answered + effect.fixed {
        lines.extend(effect.wrong.iter().map(|changed| format!("now wrong: {changed}")));
        lines.extend(effect.lost.iter().map(|changed| format!("no longer answered: {changed}")));
    }
    Ok(lines)
}

/// Of all that makes a difference for answers but the model.
fn hash(content: &Content) -> String {
    let mut hash = Xxh3Default::new();
    hash.update(&content.faq);
    hash.update(b"\0");
    hash.update(content.calibration.as_deref().unwrap_or_default());
    format!("{:016x}", hash.digest())
}

/// The user's name, where the system says it.
fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
}

/// `faqbot versions`: the exit code, 1 where there are none.
pub fn versions(settings: &Settings, args: &VersionsArgs) -> Result<u8> {
    let versions = with_store(settings, STORE, Missing::Refuse, async |store| {
        Ok(store.versions(args.name.as_deref()).await?)
    })?;
    let mut out = anstream::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &versions)?;
        writeln!(out)?;
    } else {
        for version in &versions {
            let Version { faq, number, at, author, note, entries, served, .. } = version;
            let mark = if *served { "→" } else { " " };
            let line = format!("{mark} {} {number}", plain(faq));
            let line = if *served { styled(BOLD, &line) } else { line };
            let about = [author, note].map(|text| plain(text)).join("  ");
            let entries = count(*entries as usize, "entry", "entries");
            writeln!(out, "{line}  {}  {entries}  {}", styled(DIM, &when(*at)), styled(DIM, about.trim()))?;
        }
    }
    out.flush()?;
    Ok(if versions.is_empty() { NOT_ANSWERED } else { ANSWERED })
}

/// `faqbot rollback`.
pub fn rollback(settings: &Settings, args: &RollbackArgs) -> Result<u8> {
    with_store(settings, STORE, Missing::Refuse, async |store| roll_back(args, store).await)
}

async fn roll_back(args: &RollbackArgs, store: &Store) -> Result<u8> {
    let all = store.versions(args.name.as_deref()).await?;
    let names: HashSet<&str> = all.iter().map(|version| version.faq.as_str()).collect();
    let name = match &names.iter().collect::<Vec<_>>()[..] {
        [] => bail!(
            "nothing is published{}",
            args.name.as_ref().map_or(String::new(), |name| format!(" as {name}"))
        ),
        [name] => (**name).to_owned(),
        _ => bail!("several FAQs are published; --name says which"),
    };
    let served = all.iter().find(|version| version.served).map_or(i64::MAX, |version| version.number);
    let number = match args.number {
        Some(number) => number,
        None => all
            .iter()
            .map(|version| version.number)
            .find(|&number| number < served)
            .with_context(|| format!("there is no version of {name} before the one that is served"))?,
    };
    if all.iter().all(|version| version.number != number) {
        bail!("there is no version {number} of {name}; `faqbot versions` lists them");
    }
    store.serve(&name, number).await?;
    writeln!(anstream::stdout().lock(), "{}: version {number} is served", plain(&name))?;
    Ok(ANSWERED)
}
