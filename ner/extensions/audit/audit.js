// The places of an audit: those of a kind, a type, a split and a file, likeliest first.

for (const row of data.rows) {
  const own = (span) => placed(row, span);
  row.gold = row.gold.map(own);
  row.labelled = own(row.labelled);
  row.proposed = own(row.proposed);
}

const overlap = (one, other) => one && other && one.start < other.end && other.start < one.end;

// The labels of the sentence as they would be with the proposal.
function corrected(row) {
  const { labelled, proposed, gold } = row;
  const kept = gold.filter((e) => !equal(e, labelled) && !overlap(e, proposed));
  return proposed ? [...kept, proposed] : kept;
}

function article(row) {
  const head = element("p", { class: "hint" },
    element("strong", {}, percent(row.probability)), ` ${row.kind} · ${row.place} · ${row.split}`);
  const before = line(row, "labelled", row.gold, [row.labelled]);
  const after = line(row, "proposed", corrected(row), [row.proposed]);
  return element("article", {}, head, before, after, element("p", { class: "hint reason" }, row.reason));
}

const values = {
  kind: (row) => [row.kind],
  type: (row) => row.types,
  split: (row) => [row.split],
  file: (row) => [row.file],
};

list({
  filters: values,
  wanted: (row) => Object.entries(values).every(([id, of]) => chosen(id, of(row))),
  article,
  told: (rows) => several(rows.length, "place"),
});
