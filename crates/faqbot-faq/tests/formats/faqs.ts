import type { Faq } from "../types";

// The bakery's
export const faqs: Faq[] = [
  {
    q: "Do you bake rye?",
    a: `Every day.
      Ask for *dark*.`,
  },
  { q: 'Is it "sour"?', a: "A " + "little." },
  { q: "Where is it?", a: address() },
];
