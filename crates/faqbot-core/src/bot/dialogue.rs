//! From messages to replies: what was offered is picked, questions are asked, and what has no answer may lean on the
//! question before, be several questions in turn, small talk, or in another language. A stage a file; each changes the
//! [`Turn`]s that it is for.

use faqbot_embed::{Embedder, Progress};

use super::asked::{Query, Wanted};
use super::language::foreign;
use super::{Among, Bot, Conversation, Message, Verdict};
use crate::error::Result;
use crate::matching::decision::{Decision, Rule};

mod about_last;
mod asides;
mod compound;
mod contextual;
mod picked;
mod small_talk;

/// A message on its way to its reply.
struct Turn<'m> {
    message: &'m str,
    conversation: &'m Conversation,
    /// The entry that was answered before.
    last: Option<usize>,
    /// What is left of the message without a greeting before it and thanks after it.
    rest: &'m str,
    verdict: Verdict,
    /// Whether a later stage may put something else in the reply's place.
    open: bool,
}

impl<'m> Turn<'m> {
    /// What is asked of the FAQ in this turn, of all that is wanted.
    fn wanted<'w>(&self, wanted: Wanted<'w>) -> Wanted<'w> {
        Wanted { after: self.last, ..wanted }
    }

    /// Takes another reply, to the same message.
    fn take(&mut self, verdict: Verdict) {
        let query = std::mem::take(&mut self.verdict.query);
        self.verdict = Verdict { query, ..verdict };
    }
}

impl<E: Embedder> Bot<E> {
    /// Replies to messages, each with what went before it, with at least `count` matches: as [`Bot::verdicts_among`] does,
    /// and to what is picked of what was offered, to what leans on the question before, and to small talk.
    ///
    /// # Errors
    ///
    /// The embedder failed.
    pub fn talk(
        &self,
        messages: &[Message],
        count: usize,
        among: Option<Among>,
        progress: Progress,
    ) -> Result<Vec<Verdict>> {
        let wanted = Wanted { count, among, after: None };
        let mut turns: Vec<Turn> = messages.iter().map(|message| self.turn(message)).collect();
        self.pick(&mut turns)?;
        self.about_last(&mut turns)?;
        self.ask_faq(&mut turns, wanted, progress)?;
        self.without_asides(&mut turns, wanted)?;
        self.say_at_once(&mut turns);
        self.read_with_question_before(&mut turns, wanted)?;
        self.read_in_turn(&mut turns, wanted)?;
        self.small_talk(&mut turns)?;
        self.name_language(&mut turns);
        let replies = turns.into_iter().map(|Turn { mut verdict, conversation, .. }| {
            verdict.seed = conversation.seed;
            verdict.parts.iter_mut().for_each(|part| part.seed = conversation.seed);
            verdict
        });
        Ok(replies.collect())
    }

    fn turn<'m>(&self, &Message { text, conversation }: &Message<'m>) -> Turn<'m> {
        let last = conversation.entry.as_deref().and_then(|id| self.position(id));
        let verdict = Verdict::nothing_to_compare(text);
        let rest = text.trim();
        // What is empty asks nothing, and leans on nothing.
        Turn { message: text, conversation, last, rest, verdict, open: !rest.is_empty() }
    }

    /// The position of the entry with an id.
    fn position(&self, id: &str) -> Option<usize> {
        self.faq.position(id)
    }

    /// Asks the FAQ what is a question to it.
    fn ask_faq(&self, turns: &mut [Turn], wanted: Wanted, progress: Progress) -> Result<()> {
        let asked: Vec<&mut Turn> = turns.iter_mut().filter(|turn| turn.open).collect();
        let queries: Vec<Query> =
            asked.iter().map(|turn| Query { text: turn.message, after: turn.last }).collect();
        for (turn, verdict) in asked.into_iter().zip(self.replies(&queries, wanted, progress)?) {
            turn.verdict = verdict;
        }
        Ok(())
    }

    /// Says which language a message is in that has no answer, where the model does not know it.
    fn name_language(&self, turns: &mut [Turn]) {
        // Only where both FAQ and model are in English: what else it knows is not said.
        if self.prepared.language != "en" || self.embedder.languages() != Some("English") {
            return;
        }
        for turn in turns.iter_mut().filter(|turn| turn.open && turn.verdict.decision == Decision::NoMatch) {
            turn.verdict.language = foreign(turn.rest);
        }
    }
}

/// Whether a reply is no answer, nor what stands in its place on purpose.
fn is_open(verdict: &Verdict) -> bool {
    let stands = matches!(verdict.rule, Rule::OutOfScope | Rule::SharedPhrasing | Rule::Crisis);
    !stands && verdict.answer().is_none()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use faqbot_embed::HashEmbedder;
    use faqbot_faq::{Faq, SmallTalkKind};

    use super::*;
    use crate::bot::Setup;
    use crate::matching::decision::Policy;

    const YAML: &str = "
- question: How do I reset my password?
  also: [forgot my password]
  answer: Use the link.
  follow_ups: [reset-device]
- id: reset-device
  question: How do I reset the device?
  answer: Hold the button.
- question: Where is my order?
  also: [forgot my password!!]
  answer: On its way.
";

    /// A bot, and what is said to it in turn.
    struct Talk {
        bot: Bot<HashEmbedder>,
        conversation: Conversation,
    }

    impl Talk {
        fn new() -> Self {
            let faq = Faq::read(YAML.as_bytes(), Path::new("test.yaml")).unwrap().faq;
            let policy = Policy { min_cosine: 0.5, margin: 0.05, ..Policy::UNCALIBRATED };
            let setup = Setup { policy, calibration: None, answers: true };
            let bot = Bot::new(faq, HashEmbedder::new(), setup, &mut |_| ()).unwrap();
            Talk { bot, conversation: Conversation::default() }
        }

        fn say(&mut self, text: &str) -> Verdict {
            let message = Message { text, conversation: &self.conversation };
            let verdict = self.bot.talk(&[message], 5, None, &mut |_| ()).unwrap().remove(0);
            self.conversation.note(&self.bot, &verdict);
            verdict
        }

        /// The answer to a message, or nothing.
        fn answer(&mut self, text: &str) -> Option<String> {
            let verdict = self.say(text);
            verdict.answer().map(|found| self.bot.entry(found).answer.clone())
        }
    }

    #[test]
    fn choices_are_picked_by_number_and_in_words() {
        for (pick, wanted) in
            [("2", Some("On its way.")), ("the first one", Some("Use the link.")), ("neither", None)]
        {
            let mut talk = Talk::new();
            assert_eq!(talk.say("forgot my password").choices().len(), 2);
            assert_eq!(talk.answer(pick).as_deref(), wanted, "{pick}");
        }
        // What picks none of them is a question.
        let mut talk = Talk::new();
        talk.say("forgot my password");
        assert_eq!(talk.answer("how do i reset the device").as_deref(), Some("Hold the button."));
    }

    #[test]
    fn a_number_beyond_the_choices_asks_back_once_more() {
        let mut talk = Talk::new();
        talk.say("forgot my password");
        let verdict = talk.say("7");
        assert_eq!((verdict.rule, verdict.choices().len()), (Rule::NoSuchChoice, 2));
        assert_eq!(talk.answer("1").as_deref(), Some("Use the link."));
    }

    #[test]
    fn follow_ups_are_picked_by_their_number() {
        let mut talk = Talk::new();
        assert_eq!(talk.answer("how do i reset my password").as_deref(), Some("Use the link."));
        assert_eq!(talk.answer("1").as_deref(), Some("Hold the button."));
    }

    #[test]
    fn greetings_are_answered_and_left_out_of_questions() {
        let mut talk = Talk::new();
        let verdict = talk.say("hello!");
        assert_eq!(verdict.decision, Decision::SmallTalk);
        assert_eq!(verdict.small_talk.unwrap().kind, SmallTalkKind::Greeting);
        let verdict = talk.say("hello there, where is my order? thank you");
        assert_eq!(talk.bot.entry(verdict.answer().unwrap()).answer, "On its way.");
        assert_eq!(verdict.query, "hello there, where is my order? thank you");
    }

    #[test]
    fn messages_about_the_last_reply_are_no_questions() {
        let mut talk = Talk::new();
        assert!(talk.answer("repeat that").is_none(), "there is nothing before it");
        assert_eq!(talk.answer("where is my order").as_deref(), Some("On its way."));
        assert_eq!(talk.answer("are you sure?").as_deref(), Some("On its way."));
        let verdict = talk.say("that's not what I meant");
        assert_eq!(verdict.rule, Rule::NotMeant);
        assert!(!verdict.choices().is_empty());
        talk.say("forgot my password");
        let both = talk.say("both");
        assert_eq!((both.rule, both.answers().len()), (Rule::AllChosen, 2));
        let verdict = talk.say("start over");
        assert_eq!((verdict.rule, &talk.conversation), (Rule::StartOver, &Conversation::default()));
    }

    #[test]
    fn messages_of_several_people_do_not_mix() {
        let mut one = Talk::new();
        one.say("forgot my password");
        let other = Conversation::default();
        let messages = [
            Message { text: "2", conversation: &one.conversation },
            Message { text: "2", conversation: &other },
        ];
        let verdicts = one.bot.talk(&messages, 5, None, &mut |_| ()).unwrap();
        assert_eq!(verdicts[0].answer().map(|found| found.entry), Some(2));
        assert!(verdicts[1].answer().is_none());
    }
}
