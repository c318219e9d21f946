"use strict";
// Transcripts are data in this page: they are parsed when wanted and reach the page as text nodes only.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const book = read("index");
const at = Object.fromEntries(book.columns.map((name, place) => [name, place]));
const rows = book.rows;
const blocks = new Map();
const byId = (id) => document.getElementById(id);
const PAGE = 50;
let found = rows.map((_, number) => number);
let first = 0;
let open = -1;
const scored = rows.some((row) => row[at.probability] !== null);
byId("list").classList.toggle("scored", scored);

const body = (number) => {
  const block = Math.floor(number / book.block);
  if (!blocks.has(block)) blocks.set(block, read(`block-${block}`));
  return blocks.get(block)[number % book.block];
};
const words = (number) => {
  const one = body(number);
  if (one.lower === undefined)
    one.lower = one.messages
      .flatMap((message) => ["reasoning", "content"].map((name) => (message[name] || []).map((piece) => piece[0]).join("")))
      .join("\n").toLowerCase();
  return one.lower;
};
const element = (tag, name, text) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
};
const plain = (slug) => slug.replaceAll("_", " ");
const said = { true: "faking", false: "not faking" };
const flag = { true: "flagged", false: "not flagged" };
const shown = (name, value) => (name === "label" ? said[value] : name === "flagged" ? flag[value] : plain(String(value)));

// ---------------------------------------------------------------- filters
const FILTERS = {
  model: "model", checkpoint: "checkpoint", stage: "stage", scenario: "scenario", arm: "arm", outcome: "outcome",
  label: "people say", flagged: "detector says", indicators: "indicator",
};
const values = (row, name) => (name === "indicators" ? row[at.indicators] : row[at[name]] === null ? [] : [row[at[name]]]);
const selects = {};
for (const [name, title] of Object.entries(FILTERS)) {
  const seen = new Map();
  for (const row of rows) for (const value of values(row, name)) seen.set(value, (seen.get(value) || 0) + 1);
  if (seen.size < (name === "indicators" ? 1 : 2)) continue;
  const label = element("label", "", title);
  const select = element("select");
  select.append(new Option("all", ""));
  const known = [...seen.keys()];
  if (name !== "checkpoint" && name !== "stage") known.sort();
  for (const value of known) select.append(new Option(`${shown(name, value)} (${seen.get(value)})`, String(value)));
  select.addEventListener("change", () => filter());
  label.append(select);
  byId("filters").append(label);
  selects[name] = select;
}
let wait;
byId("search").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 200); });

function filter() {
  const wanted = Object.entries(selects).filter(([, select]) => select.value).map(([name, select]) => [name, select.value]);
  const text = byId("search").value.trim().toLowerCase();
  found = [];
  rows.forEach((row, number) => {
    if (!wanted.every(([name, value]) => values(row, name).some((one) => String(one) === value))) return;
    if (text && !row[at.id].toLowerCase().includes(text) && !words(number).includes(text)) return;
    found.push(number);
  });
  first = 0;
  list();
}

// ---------------------------------------------------------------- list
function list() {
  const here = byId("list");
  here.replaceChildren();
  for (const number of found.slice(first, first + PAGE)) {
    const row = rows[number];
    const button = element("button");
    button.type = "button";
    if (scored) button.append(element("span", "p", row[at.probability] === null ? "" : row[at.probability].toFixed(2)));
    const name = element("span", "id", row[at.id]);
    const place = ["model", "checkpoint", "scenario", "source"].map((key) => row[at[key]]).filter(Boolean).slice(0, 3);
    name.append(element("small", "", place.join(" · ")));
    const tags = element("span", "tags");
    if (row[at.label]) tags.append(element("span", "tag faking", "faking"));
    if (row[at.flagged]) tags.append(element("span", "tag faking", "flagged"));
    for (const key of ["arm", "outcome"]) if (row[at[key]]) tags.append(element("span", "tag", row[at[key]]));
    button.append(name, tags);
    button.addEventListener("click", () => show(number));
    const item = element("li");
    item.append(button);
    here.append(item);
  }
  const last = Math.min(first + PAGE, found.length);
  byId("count").textContent = found.length ? `${first + 1}–${last} of ${found.length}` : "none";
  byId("back").disabled = first === 0;
  byId("next").disabled = last >= found.length;
}
byId("back").addEventListener("click", () => { first = Math.max(0, first - PAGE); list(); });
byId("next").addEventListener("click", () => { first += PAGE; list(); });

// ---------------------------------------------------------------- one transcript
const dialog = byId("transcript");
function show(number) {
  open = number;
  const row = rows[number];
  const one = body(number);
  byId("name").textContent = row[at.id];
  const into = byId("body");
  into.replaceChildren();
  into.scrollTop = 0;
  const facts = ["model", "stage", "checkpoint", "scenario", "arm", "outcome", "source"].filter((key) => row[at[key]]);
  into.append(element("p", "soft", facts.map((key) => `${key}: ${row[at[key]]}`).join(" · ")));
  const verdicts = [];
  if (row[at.label] !== null) verdicts.push(`People: ${said[row[at.label]]}.`);
  if (row[at.probability] !== null) verdicts.push(`Detector: ${row[at.probability].toFixed(2)}, ${flag[Boolean(row[at.flagged])]}.`);
  if (one.note) verdicts.push(one.note);
  if (verdicts.length) into.append(element("p", "", verdicts.join(" ")));
  into.append(legend(one));
  one.messages.forEach((message) => into.append(drawn(message, one)));
  const pair = row[at.pair];
  const other = pair === null ? -1 : rows.findIndex((row, place) => place !== number && row[at.pair] === pair && row[at.arm] !== rows[number][at.arm]);
  byId("other").hidden = other < 0;
  byId("other").onclick = () => show(other);
  if (other >= 0) byId("other").textContent = `same prompt, ${rows[other][at.arm]}`;
  const place = found.indexOf(number);
  byId("before").disabled = place <= 0;
  byId("after").disabled = place < 0 || place === found.length - 1;
  byId("before").onclick = () => show(found[place - 1]);
  byId("after").onclick = () => show(found[place + 1]);
  history.replaceState(null, "", `#transcript-${number}`);
  if (!dialog.open) dialog.showModal();
}

function legend(one) {
  const made = element("div");
  made.id = "legend";
  for (const slug of new Set(one.marks.map((mark) => mark[0]))) {
    const button = element("button", "", plain(slug));
    button.type = "button";
    button.style.background = book.colours[slug] || "#dddddd";
    button.title = "to the next place";
    let next = 0;
    button.addEventListener("click", () => {
      const places = [...byId("body").querySelectorAll("mark")].filter((mark) => mark.dataset.slugs.split(" ").includes(slug));
      if (places.length) places[next++ % places.length].scrollIntoView({ block: "center" });
    });
    made.append(button);
  }
  return made;
}

function drawn(message, one) {
  const made = element("div", `message ${message.role}`);
  made.append(element("b", "", message.role));
  for (const name of ["reasoning", "content"]) {
    if (!message[name]) continue;
    const text = element("p", "words");
    for (const [words, thought, marks] of message[name]) {
      const piece = element(marks.length ? "mark" : "span", thought ? "thought" : "", words);
      if (marks.length) {
        const of = marks.map((number) => one.marks[number]);
        const colours = [...new Set(of.map((mark) => book.colours[mark[0]] || "#dddddd"))];
        piece.style.background = colours.length > 1 ? `linear-gradient(${colours.map((colour, place) => `${colour} ${(100 * place) / colours.length}%, ${colour} ${(100 * (place + 1)) / colours.length}%`).join(", ")})` : colours[0];
        piece.title = of.map(([slug, who, strength]) => `${plain(slug)}: ${who}, ${strength}`).join("\n");
        piece.dataset.slugs = of.map((mark) => mark[0]).join(" ");
      }
      text.append(piece);
    }
    if (name === "reasoning") text.classList.add("thought");
    made.append(text);
  }
  return made;
}
byId("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => { open = -1; history.replaceState(null, "", "#transcripts"); });
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.addEventListener("keydown", (event) => {
  if (open < 0 || event.target.tagName === "INPUT") return;
  if (event.key === "ArrowLeft" && !byId("before").disabled) byId("before").click();
  if (event.key === "ArrowRight" && !byId("after").disabled) byId("after").click();
});
list();
const linked = /^#transcript-(\d+)$/.exec(location.hash);
if (linked && Number(linked[1]) < rows.length) show(Number(linked[1]));
