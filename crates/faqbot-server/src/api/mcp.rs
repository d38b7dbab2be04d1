//! FAQs for agents: the Model Context Protocol, on standard input and output and at `/mcp`.

use std::sync::Arc;

use faqbot_core::OutcomeKind;
use faqbot_core::bot::AnyBot;
use faqbot_core::{Conversation, Match};
use faqbot_store::Channel;
use rmcp::handler::server::common::schema_for_output;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResult, ContentBlock, Implementation, ListResourceTemplatesResult, ListResourcesResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate, ServerCapabilities, ServerConfig,
};
use rmcp::schemars::{self, JsonSchema, Schema};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::{ErrorData, ServerHandler, tool, tool_handler, tool_router};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::problem::Problem;
use crate::service::state::{App, Before, MOST_MATCHES, Question};
use crate::service::version::{Served, Version};
use crate::web::markdown;

/// Resources on a page of their list.
const PAGE: usize = 200;

/// Entries that a search finds, unless another number is asked for.
const FOUND: usize = 5;

/// How long an agent may keep what it read, in milliseconds: files may change.
const FRESH: u64 = 60_000;

/// What an agent is told of the server.
const INSTRUCTIONS: &str = "Answers from frequently asked questions that people wrote and keep up. Ask with ask_faq before \
    answering from memory. Where the outcome is `answer`, quote the answer and do not add to it. Where it is `ambiguous`, ask \
    the user which of the choices is meant. Where it is `no_match`, say that the FAQ has no answer, and do not make one up. \
    `confidence` is the calibrated probability that the best match is right.";

/// The server that agents talk to.
#[derive(Clone)]
pub struct Mcp {
    app: Arc<App>,
    tool_router: ToolRouter<Self>,
}

/// Makes each type one: what may be missing has no null. Clients such as Gemini's refuse lists of types.
fn of_one_type(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &mut types[..] {
            let only = only.take();
            schema.insert("type".into(), only);
        }
    }
    schemars::transform::transform_subschemas(&mut of_one_type, schema);
}

/// A question.
#[derive(Deserialize, JsonSchema)]
#[schemars(transform = of_one_type)]
struct AskParams {
    /// The question, in the user's own words.
    question: String,
    /// The FAQ to ask; the first where there is none.
    faq: Option<String>,
    /// The question before this one, where this one leans on it ("and on Sundays?").
    previous_question: Option<String>,
    /// The id of the entry that answered that (`entry` of its result).
    previous_entry: Option<String>,
}

/// A search.
#[derive(Deserialize, JsonSchema)]
#[schemars(transform = of_one_type)]
struct SearchParams {
    /// What to look for, in words.
    query: String,
    /// The FAQ to search; the first where there is none.
    faq: Option<String>,
    /// How many entries are wanted, from 1 to 100 (default: 5).
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// An entry.
#[derive(Deserialize, JsonSchema)]
#[schemars(transform = of_one_type)]
struct EntryParams {
    /// The entry's id.
    id: String,
    /// Its FAQ; the first where there is none.
    faq: Option<String>,
}

/// What `search` finds, as ChatGPT names it.
#[derive(Deserialize, JsonSchema)]
struct FetchParams {
    /// The id of a result of `search`.
    id: String,
}

/// What `search` looks for.
#[derive(Deserialize, JsonSchema)]
struct QueryParams {
    /// What to look for, in words.
    query: String,
}

/// What becomes of a question.
#[derive(Serialize, JsonSchema)]
#[schemars(transform = of_one_type)]
struct AskResult {
    /// `answer`, `ambiguous`, `no_match` or `small_talk`.
    outcome: String,
    /// The answer as Markdown, where there is one, or what is said to small talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// The probability that the best match is right, from 0 to 1; not there where it is not calibrated.
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    /// Where the answer comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// The id of the entry that answers, for get_entry and as previous_entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    /// The question that this one was read with, where it leans on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_with: Option<String>,
    /// Questions that can be asked next.
    follow_ups: Vec<String>,
    /// The questions to ask back about, where the outcome is ambiguous.
    choices: Vec<Found>,
    /// The nearest entries, best first.
    matches: Vec<Found>,
    /// What to say where there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<String>,
    /// The state of the FAQ.
    faq_version: String,
}

/// An entry that was found.
#[derive(Serialize, JsonSchema)]
struct Found {
    /// Its id, for get_entry.
    id: String,
    /// Its question.
    question: String,
    /// How similar the question is, from -1 to 1; no probability.
    cosine: f32,
}

impl Found {
    fn new(bot: &AnyBot, found: &Match) -> Self {
        let entry = bot.entry(found);
        Found { id: entry.id.to_string(), question: entry.question().to_owned(), cosine: found.cosine }
    }
}

/// What a search finds.
#[derive(Serialize, JsonSchema)]
struct SearchResult {
    /// The nearest entries, best first. They are near, not right.
    matches: Vec<Found>,
}

/// An entry.
#[derive(Serialize, JsonSchema)]
#[schemars(transform = of_one_type)]
struct EntryResult {
    id: String,
    question: String,
    /// All ways of asking for it.
    phrasings: Vec<String>,
    /// As Markdown.
    answer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    tags: Vec<String>,
}

/// Results in the shape that ChatGPT reads.
#[derive(Serialize, JsonSchema)]
struct Results {
    results: Vec<ResultRow>,
}

#[derive(Serialize, JsonSchema)]
struct ResultRow {
    id: String,
    title: String,
    url: String,
}

/// A document in the shape that ChatGPT reads.
#[derive(Serialize, JsonSchema)]
struct Document {
    id: String,
    title: String,
    text: String,
    url: String,
    metadata: Metadata,
}

#[derive(Serialize, JsonSchema)]
#[schemars(transform = of_one_type)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    tags: Vec<String>,
}

/// What a tool cannot do, as its result: the agent is to read it, and to try otherwise.
fn refused(problem: &Problem) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(problem.detail.clone())])
}

/// A result as data, with a text for clients that read no data.
fn result(text: String, data: &impl Serialize) -> Result<CallToolResult, Problem> {
    let data = serde_json::to_value(data).map_err(|error| Problem::internal(&error))?;
    let mut result = CallToolResult::structured(data);
    result.content = vec![ContentBlock::text(text)];
    Ok(result)
}

/// A result whose data is its text too.
fn plain(data: &impl Serialize) -> Result<CallToolResult, Problem> {
    let text = serde_json::to_string(data).map_err(|error| Problem::internal(&error))?;
    result(text, data)
}

fn address(faq: &str, id: &str) -> String {
    let encode = |text: &str| {
        let mut out = String::new();
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    out.push(char::from(byte))
                }
                byte => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    };
    format!("faq://{}/{}", encode(faq), encode(id))
}

#[tool_router]
impl Mcp {
    pub fn new(app: Arc<App>) -> Self {
        Mcp { app, tool_router: Self::tool_router() }
    }

    #[tool(
        description = "Answers a question from a FAQ, or says that it has no answer. Quote the answer as it is. If the \
            outcome is `no_match`, tell the user that the FAQ does not say; if it is `ambiguous`, ask which choice is meant.",
        output_schema = schema_for_output::<AskResult>(),
        annotations(title = "Ask the FAQ", read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn ask_faq(&self, Parameters(params): Parameters<AskParams>) -> CallToolResult {
        self.ask_faq_result(params).await.unwrap_or_else(|problem| refused(&problem))
    }

    #[tool(
        description = "Lists the entries of a FAQ that are nearest to some words, whether they answer them or not. To \
            answer a question, use ask_faq.",
        output_schema = schema_for_output::<SearchResult>(),
        annotations(title = "Search the FAQ", read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn search_faq(&self, Parameters(params): Parameters<SearchParams>) -> CallToolResult {
        self.search_faq_result(params).await.unwrap_or_else(|problem| refused(&problem))
    }

    #[tool(
        description = "Reads one entry of a FAQ by its id: its question, all phrasings, answer, source and tags.",
        output_schema = schema_for_output::<EntryResult>(),
        annotations(title = "Read an entry", read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn get_entry(&self, Parameters(params): Parameters<EntryParams>) -> CallToolResult {
        self.get_entry_result(params).await.unwrap_or_else(|problem| refused(&problem))
    }

    #[tool(
        description = "Finds entries of the FAQ by words. Read a result with fetch before quoting it.",
        output_schema = schema_for_output::<Results>(),
        annotations(title = "Search", read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn search(&self, Parameters(params): Parameters<QueryParams>) -> CallToolResult {
        self.search_result(params).await.unwrap_or_else(|problem| refused(&problem))
    }

    #[tool(
        description = "Reads an entry that search found.",
        output_schema = schema_for_output::<Document>(),
        annotations(title = "Fetch", read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = false)
    )]
    async fn fetch(&self, Parameters(params): Parameters<FetchParams>) -> CallToolResult {
        self.fetch_result(params).await.unwrap_or_else(|problem| refused(&problem))
    }
}

impl Mcp {
    async fn ask_faq_result(&self, params: AskParams) -> Result<CallToolResult, Problem> {
        let faq = self.app.faq(params.faq.as_deref())?;
        let conversation = Conversation {
            question: params.previous_question.filter(|question| !question.trim().is_empty()),
            entry: params.previous_entry,
            ..Conversation::default()
        };
        let before = Before::Given(conversation);
        let question = Question { before, ..Question::new(params.question, Channel::Mcp) };
        let asked = self.app.ask(faq, question).await?;
        let (bot, verdict) = (&asked.version.bot, &asked.verdict);
        let outcome = OutcomeKind::of(verdict);
        let answered = verdict.answers();
        let sources: Vec<&str> =
            answered.iter().filter_map(|found| bot.entry(found).source.as_deref()).collect();
        let said = markdown::markdown(bot, verdict);
        let found = |found: &Match| Found::new(bot, found);
        let data = AskResult {
            outcome: outcome.name().to_owned(),
            answer: matches!(outcome, OutcomeKind::Answer | OutcomeKind::SmallTalk).then(|| said.clone()),
            confidence: verdict.confidence,
            source: (!sources.is_empty()).then(|| sources.join(", ")),
            entry: answered.last().map(|found| bot.entry(found).id.to_string()),
            read_with: verdict.read_with.clone(),
            follow_ups: bot
                .follow_ups(verdict)
                .into_iter()
                .map(|entry| entry.question().to_owned())
                .collect(),
            choices: verdict.choices().into_iter().map(found).collect(),
            matches: verdict.matches.iter().map(found).collect(),
            fallback: (outcome == OutcomeKind::NoMatch).then(|| said.clone()),
            faq_version: asked.version.id.clone(),
        };
        let text = match outcome {
            OutcomeKind::Answer => format!("The FAQ answers:\n\n{said}"),
            OutcomeKind::Ambiguous => format!("The FAQ asks back. {said}"),
            OutcomeKind::NoMatch => format!("The FAQ has no answer. It says:\n\n{said}"),
            OutcomeKind::SmallTalk => format!("This is no question to the FAQ. It says:\n\n{said}"),
        };
        result(text, &data)
    }

    async fn search_faq_result(&self, params: SearchParams) -> Result<CallToolResult, Problem> {
        let faq = self.app.faq(params.faq.as_deref())?;
        plain(&SearchResult {
            matches: self.search_in(faq, params.query, params.limit.unwrap_or(FOUND)).await?,
        })
    }

    async fn get_entry_result(&self, params: EntryParams) -> Result<CallToolResult, Problem> {
        let faq = self.app.faq(params.faq.as_deref())?;
        let (version, at) = entry(faq, &params.id)?;
        let entry = &version.bot.faq().entries[at];
        plain(&EntryResult {
            id: entry.id.to_string(),
            question: entry.question().to_owned(),
            phrasings: entry.phrasings.clone(),
            answer: entry.answer.clone(),
            source: entry.source.clone(),
            tags: entry.tags.clone(),
        })
    }

    async fn search_result(&self, params: QueryParams) -> Result<CallToolResult, Problem> {
        let faq = self.app.faq(None)?;
        let found = self.search_in(faq, params.query, FOUND).await?;
        let row = |found: Found| ResultRow {
            url: address(&faq.name, &found.id),
            id: found.id,
            title: found.question,
        };
        plain(&Results { results: found.into_iter().map(row).collect() })
    }

    async fn fetch_result(&self, params: FetchParams) -> Result<CallToolResult, Problem> {
        let faq = self.app.faq(None)?;
        let (version, at) = entry(faq, &params.id)?;
        let entry = &version.bot.faq().entries[at];
        plain(&Document {
            id: entry.id.to_string(),
            title: entry.question().to_owned(),
            text: entry.answer.clone(),
            url: address(&faq.name, entry.id.as_str()),
            metadata: Metadata { source: entry.source.clone(), tags: entry.tags.clone() },
        })
    }

    async fn search_in(&self, faq: &Served, query: String, limit: usize) -> Result<Vec<Found>, Problem> {
        let limit = limit.clamp(1, MOST_MATCHES);
        let question = Question {
            count: limit,
            before: Before::Search,
            among: Some(Arc::new(|entry| !entry.out_of_scope)),
            ..Question::new(query, Channel::Search)
        };
        let asked = self.app.ask(faq, question).await?;
        let bot = &asked.version.bot;
        Ok(asked.verdict.matches.iter().take(limit).map(|found| Found::new(bot, found)).collect())
    }
}

/// The entry with an id, and the version it is of.
fn entry(faq: &Served, id: &str) -> Result<(Arc<Version>, usize), Problem> {
    let version = faq.version();
    let found = version.position(id);
    let at = found.ok_or_else(|| Problem::not_found(format!("{} has no entry \"{id}\"", faq.name)))?;
    Ok((version, at))
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Mcp {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("faqbot", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let begin: usize = match cursor.as_deref() {
            None => 0,
            Some(cursor) => cursor
                .parse()
                .map_err(|_| ErrorData::invalid_params("the cursor is none of this list", None))?,
        };
        let mut resources = Vec::new();
        let mut at = 0;
        let mut more = false;
        'faqs: for faq in &self.app.faqs {
            let version = faq.version();
            for entry in version.bot.faq().entries.iter().filter(|entry| !entry.out_of_scope) {
                if resources.len() == PAGE {
                    more = true;
                    break 'faqs;
                }
                if at >= begin {
                    let resource = Resource::new(address(&faq.name, entry.id.as_str()), entry.id.as_str());
                    resources.push(resource.with_title(entry.question()).with_mime_type("text/markdown"));
                }
                at += 1;
            }
        }
        let mut list = ListResourcesResult::with_all_items(resources).with_ttl_ms(FRESH);
        list.next_cursor = more.then(|| at.to_string());
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new("faq://{faq}/{id}", "entry")
            .with_title("An entry of a FAQ")
            .with_mime_type("text/markdown");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]).with_ttl_ms(FRESH))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let unknown = || {
            let data = serde_json::json!({"uri": request.uri});
            ErrorData::resource_not_found(format!("there is no resource {}", request.uri), Some(data))
        };
        for faq in &self.app.faqs {
            let version = faq.version();
            let entries = &version.bot.faq().entries;
            if let Some(entry) =
                entries.iter().find(|entry| address(&faq.name, entry.id.as_str()) == request.uri)
            {
                let text = format!("# {}\n\n{}\n", entry.question(), entry.answer);
                let contents = ResourceContents::text(text, &request.uri).with_mime_type("text/markdown");
                return Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(FRESH).into());
            }
        }
        Err(unknown())
    }
}
