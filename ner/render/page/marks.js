"use strict";
// Sentences with their entities, as the page of a review and the report of an evaluation show them.
// Places are code points in the tokens joined by single blanks, half-open.

const $ = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const length = (text) => Array.from(text).length;
const grouped = (count) => count.toLocaleString("en");
const several = (count, name) => `${grouped(count)} ${name}${count === 1 ? "" : "s"}`;
const percent = (share) => `${Math.round(100 * share)} %`;
const layered = ({ layer, label }) => (layer ? `${layer}:${label}` : label);

function placesOf(tokens) {
  let start = 0;
  return tokens.map((token) => {
    const place = { start, end: start + length(token) };
    start = place.end + 1;
    return place;
  });
}

function typeClass(types, entity) {
  const place = types.findIndex((type) => layered(type) === layered(entity));
  return place < 0 ? "" : `t${place}`;
}

// The text between two places, a span for each token or part of one; `classOf` styles a part.
function textOf(sentence, from, to, borders, classOf) {
  const nodes = [];
  sentence.places.forEach(({ start, end }, number) => {
    const characters = sentence.characters[number];
    const inside = borders.filter((border) => border > start && border < end);
    const cuts = [start, ...inside, end].map((cut) => Math.min(Math.max(cut, from), to));
    for (let i = 0; i + 1 < cuts.length; i++) {
      if (cuts[i] >= cuts[i + 1]) continue;
      const text = characters.slice(cuts[i] - start, cuts[i + 1] - start).join("");
      nodes.push(piece(text, cuts[i], classOf(cuts[i], number)));
    }
    const gap = number + 1 < sentence.places.length && end >= from && end < to;
    if (gap && !sentence.touching.has(number)) nodes.push(piece(" ", end, classOf(end, -1)));
  });
  return nodes;
}

function piece(text, from, style) {
  return element("span", style ? { class: style, "data-from": from } : { "data-from": from }, text);
}

function prepared(sentence) {
  sentence.places = placesOf(sentence.tokens);
  sentence.characters = sentence.tokens.map((token) => Array.from(token));
  sentence.touching = new Set(sentence.joined);
  return sentence;
}

const byPlace = (one, other) =>
  one.start - other.start || other.end - one.end || (other.proposal ? 1 : 0) - (one.proposal ? 1 : 0);

// Entities may lie in others; one that goes on behind another is cut there.
function drawSentence(sentence, entities, types, borders = [], classOf = () => "") {
  const waiting = [...entities].sort(byPlace);
  const end = sentence.places[sentence.places.length - 1].end;
  const cuts = [...borders, ...entities.flatMap((e) => [e.start, e.end])].sort((a, b) => a - b);
  const text = (from, to) => textOf(sentence, from, to, cuts, classOf);
  return drawPieces(text, 0, end, waiting, types);
}

function drawPieces(text, start, end, waiting, types) {
  const nodes = [];
  let position = start;
  while (waiting.length && waiting[0].start < end) {
    const next = waiting.shift();
    nodes.push(...text(position, next.start));
    position = Math.min(next.end, end);
    if (next.end > end) {
      waiting.push({ ...next, start: end });
      waiting.sort(byPlace);
    }
    nodes.push(drawMark(drawPieces(text, next.start, position, waiting, types), next, types));
  }
  return [...nodes, ...text(position, end)];
}

function drawMark(content, entity, types) {
  const names = [typeClass(types, entity), entity.proposal ? "proposal" : "", entity.style || ""];
  const score = entity.score === undefined || entity.score === null ? "" : percent(entity.score);
  const told = [layered(entity), entity.proposal ? "proposed" : "", score && `probability ${score}`];
  const shown = entity.proposal && score ? `${entity.label} ${score}` : entity.label;
  const made = element("mark", { "data-label": shown, title: told.filter(Boolean).join(", ") }, ...content);
  const style = names.filter(Boolean).join(" ");
  if (style) made.className = style;
  return made;
}
