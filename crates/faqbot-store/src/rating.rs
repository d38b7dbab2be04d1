//! What someone thinks of a reply.

use serde::{Deserialize, Serialize};

/// What someone thinks of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// It helped.
    Up,
    /// It did not.
    Down,
    /// Of the choices, this was meant.
    Chosen,
    /// None of them was.
    None,
}

impl Rating {
    const ALL: [Rating; 4] = [Rating::Up, Rating::Down, Rating::Chosen, Rating::None];

    /// As in JSON, and as it is kept.
    pub fn name(self) -> &'static str {
        match self {
            Rating::Up => "up",
            Rating::Down => "down",
            Rating::Chosen => "chosen",
            Rating::None => "none",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rating| rating.name() == name)
    }
}
