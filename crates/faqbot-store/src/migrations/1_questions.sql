-- What was asked and what became of it. Times are milliseconds since 1970; texts are redacted before they come here.
CREATE TABLE faqbot_question (
    id TEXT PRIMARY KEY,
    asked_at BIGINT NOT NULL,
    faq TEXT NOT NULL,
    faq_version TEXT NOT NULL,
    channel TEXT NOT NULL,
    session TEXT,
    text TEXT NOT NULL,
    -- Of FAQ and text, to find the last question with a text by.
    text_key TEXT NOT NULL,
    outcome TEXT NOT NULL,
    -- The entry that was answered, or else the nearest.
    entry TEXT,
    confidence DOUBLE PRECISION,
    runner_up TEXT,
    -- The entries that were shown, as a JSON list.
    shown TEXT NOT NULL
);
CREATE INDEX faqbot_question_by_time ON faqbot_question (asked_at);
CREATE INDEX faqbot_question_by_session ON faqbot_question (session);
CREATE INDEX faqbot_question_by_text ON faqbot_question (text_key);

-- What people thought of a reply, last.
CREATE TABLE faqbot_feedback (
    question TEXT PRIMARY KEY,
    given_at BIGINT NOT NULL,
    rating TEXT NOT NULL,
    entry TEXT
);

-- What was decided about groups of questions.
CREATE TABLE faqbot_decision (
    id TEXT PRIMARY KEY,
    decided_at BIGINT NOT NULL,
    faq TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The question that names the group.
    text TEXT NOT NULL,
    entry TEXT,
    -- All its questions, as a JSON list.
    questions TEXT NOT NULL
);
CREATE INDEX faqbot_decision_by_faq ON faqbot_decision (faq);

-- FAQs as they were published, and which of them is served.
CREATE TABLE faqbot_version (
    faq TEXT NOT NULL,
    number BIGINT NOT NULL,
    hash TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    entries BIGINT NOT NULL,
    model TEXT NOT NULL,
    content BLOB NOT NULL,
    calibration BLOB,
    vectors BLOB,
    PRIMARY KEY (faq, number)
);
CREATE TABLE faqbot_deployment (
    faq TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    deployed_at BIGINT NOT NULL
);
