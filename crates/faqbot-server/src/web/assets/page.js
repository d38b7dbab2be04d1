// The chat page: what the server put into it becomes the first of the conversation.

import { Chat, element, textsIn } from "./chat.js";

const main = document.getElementById("chat");
// This file is one of the server's, under whatever path that is reached.
const base = new URL("..", import.meta.url);
const texts = await textsIn(base, document.documentElement.lang);
const answer = document.getElementById("answer");
const { faq, reply } = main.dataset;
main.replaceChildren();
const chat = new Chat(main, { base, faq, texts });
if (!reply && answer.hasChildNodes()) chat.log.append(element("li", { class: "bot" }, answer));
await chat.load(false);
// A question that came with the address was answered by the server already.
if (reply) chat.adopt(JSON.parse(reply));
// In a frame, the site around it decides what has the focus, and what is scrolled to.
if (window === window.parent) chat.field.focus();
