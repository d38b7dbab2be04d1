//! Where a question was asked.

use serde::Serialize;

/// Where a question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// `/v1/ask`.
    Api,
    /// `/v1/ask:batch`.
    Batch,
    /// The page without its script.
    Page,
    /// An agent.
    Mcp,
    /// An agent that looks for entries.
    Search,
    /// A client of OpenAI's.
    Openai,
    /// A client of Rasa's.
    Rasa,
    /// A client of Azure question answering.
    Azure,
    /// A client of QnA Maker's.
    QnaMaker,
    /// The chat in the terminal.
    Chat,
    /// An export of another service.
    Import,
}

impl Channel {
    const ALL: [Channel; 11] = [
        Channel::Api,
        Channel::Batch,
        Channel::Page,
        Channel::Mcp,
        Channel::Search,
        Channel::Openai,
        Channel::Rasa,
        Channel::Azure,
        Channel::QnaMaker,
        Channel::Chat,
        Channel::Import,
    ];

    /// As in JSON, and as it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Api => "api",
            Channel::Batch => "batch",
            Channel::Page => "page",
            Channel::Mcp => "mcp",
            Channel::Search => "search",
            Channel::Openai => "openai",
            Channel::Rasa => "rasa",
            Channel::Azure => "azure",
            Channel::QnaMaker => "qnamaker",
            Channel::Chat => "chat",
            Channel::Import => "import",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}
