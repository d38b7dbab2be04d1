# The commands of every day; `.ci/run` has what they do. https://just.systems

# What there is.
default:
    @just --list

# The chat.
chat *arguments:
    cargo run --release -- {{ arguments }}

# All that has to pass before a change lands, or some of it: format, lint, docs, library, test, examples, clients, licences, fuzz.
check *steps:
    .ci/run {{ steps }}

# The tests whose names have a word in them.
test word="":
    cargo test --workspace --release {{ word }}

# What the parsers read of the test files, written anew.
accept-formats:
    INSTA_UPDATE=always cargo test -p faqbot-faq --release --test it formats

# The figures of docs/decisions.md, and with --write what ships.
fit data pairs *options:
    cargo run --release -p faqbot-train --bin fit -- {{ data }} {{ pairs }} data/reader {{ options }}
