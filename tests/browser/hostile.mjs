// Markup that must stay harmless wherever it is written. A script that runs sets window.pwned;
// whatever is loaded comes from evil.invalid or from a path with "evil" in it.
const run = "window.pwned=1";
const evil = "http://evil.invalid";

export const PAYLOADS = [
  `<script>${run}</script>`,
  `"><script>${run}</script>`,
  `'><script>${run}</script>`,
  `</title></textarea></style></script><script>${run}</script>`,
  `<script src="${evil}/a.js"></script>`,
  `<scr<script>ipt>${run}</scr</script>ipt>`,
  `<img src=evil onerror="${run}">`,
  `" onfocus="${run}" autofocus x="`,
  `' onmouseover='${run}' x='`,
  `<svg onload="${run}"><circle r=9></svg>`,
  `<svg><script>${run}</script></svg>`,
  `<svg><a xlink:href="javascript:${run}"><text y=20>go</text></a></svg>`,
  `<svg><animate onbegin="${run}" attributeName=x dur=1s></svg>`,
  `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
  `<iframe src="javascript:parent.pwned=1"></iframe>`,
  `<details open ontoggle="${run}"><summary>s</summary></details>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=evil onerror=${run}&gt;">`,
  `<noscript><p title="</noscript><img src=evil onerror=${run}>">`,
  `<form action="javascript:${run}"><button id=go>go</button><input name=attributes></form>`,
  `<input autofocus onfocus="${run}">`,
  `<select autofocus onfocus="${run}"><style></select><img src=evil onerror=${run}></style>`,
  `<div style="position:fixed;inset:0;z-index:99999;background:url(${evil}/b.png)">over</div>`,
  `<style>@import "${evil}/c.css"; body { display: none }</style>`,
  `<link rel="stylesheet" href="${evil}/d.css">`,
  `<meta http-equiv="refresh" content="0;url=${evil}/">`,
  `<base href="${evil}/">`,
  `<object data="${evil}/e"></object><embed src="${evil}/f">`,
  `<video src="${evil}/g" onerror="${run}" autoplay></video><audio src="/evil" autoplay></audio>`,
  `<picture><source srcset="${evil}/h.png"><img src="/evil.png" alt=p></picture>`,
  `<template shadowrootmode="open"><script>${run}</script></template>`,
  `</li></ol></section></main></body><h1 id="answer" class="hidden">out</h1>`,
  `<!--><script>${run}</script>-->`,
  `<p id="faqbot-field" name="body" class="hidden">clobber</p><a id=document name=cookie>x</a>`,
  `<marquee onstart="${run}">m</marquee><dialog open>d</dialog>`,
  `<a href="javascript:${run}">a</a> <a href="jav&#x09;ascript:${run}">b</a>`,
  `<a href="${evil}" ping="${evil}/ping" onclick="${run}">ping</a>`,
  `[a](javascript:${run}) [b](JaVaScRiPt:${run}) [c](&#106;avascript:${run})`,
  `[a](data:text/html,<script>${run}</script>) [b](vbscript:x) [c](file:///etc/passwd)`,
  `[a](<java\tscript:${run}>) [b](\u0001javascript:${run}) <javascript:${run}>`,
  `[ref][r]\n\n[r]: javascript:${run} "title"`,
  `![img](${evil}/i.png) ![img](/evil.png) ![img](javascript:${run})`,
  `[x](${evil}/ "\\" onmouseover=\\"${run}") [y](${evil}/"onmouseover="${run})`,
  `\`\`\`"><script>${run}</script>\n</code></pre><script>${run}</script>\n\`\`\``,
  `{{constructor.constructor("${run}")()}} \${${run}} <%= ${run} %>`,
  `';${run};// ";${run};// \`;${run};//`,
  `<plaintext><xmp><script>${run}</script></xmp>`,
  `&lt;script&gt;${run}&lt;/script&gt; &#60;img src=evil onerror=${run}&#62;`,
  `\u202Eright to left\u2066<b onclick=${run}>\u200B`,
];

const TOPICS = ["bake bread", "open a museum", "repair a bicycle", "train a parrot", "plant tulips", "paint a fence",
  "sharpen a knife", "learn Portuguese", "sail to Iceland", "brew coffee", "knit a scarf", "tune a guitar",
  "catch a trout", "build a kite", "fold a paper crane", "clean a chimney", "ride a camel", "bottle honey",
  "pickle cucumbers", "photograph stars", "juggle torches", "restore a piano", "pay income tax", "adopt a tortoise",
  "ski downhill", "write a sonnet", "prune roses", "polish silver", "change a tyre", "insulate an attic",
  "cut marble", "press olives", "drive a tractor", "shear a sheep", "blow glass", "weave a basket",
  "count pigeons", "boil lobster", "print a poster", "climb a volcano", "dye wool", "map a cave",
  "mend a net", "grind pepper", "forge a horseshoe", "carve a flute", "feed penguins", "dig a well"];

export const hostileTopic = (n) => `How do I ${TOPICS[n]}?`;

// One entry for each payload, which stands in all of its fields.
export function hostileFaq() {
  const all = PAYLOADS.join("\n\n");
  return {
    title: `T ${PAYLOADS[3]} ${PAYLOADS[7]}`,
    greeting: `Hello\n\n${all}`,
    fallback: `Nothing found\n\n${all}`,
    contact: `Contact\n\n${all}`,
    entries: PAYLOADS.map((payload, n) => ({
      id: `${n}${payload.replace(/\s/g, "_")}`,
      question: `${hostileTopic(n)} ${payload}`,
      also: [hostileTopic(n)],
      answer: `Start ${n}\n\n${payload}\n\nin a line ${payload} end`,
      source: payload,
      tags: [payload.replace(/\s/g, "_")],
    })),
  };
}
