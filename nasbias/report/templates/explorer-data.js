// The explorer's numbers: unpacked, ranked, filtered. Nothing here touches the page.
const KINDS = { f4: Float32Array, f8: Float64Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
const TEXT = new TextDecoder();

async function unpack(base64) {
  const packed = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(TEXT.decode(new Uint8Array(bytes, 4, length)));
  const array = ([offset, count, kind]) => new KINDS[kind](bytes, 4 + length + offset, count);
  const column = (packed) => {
    const [levels, index] = [array(packed.levels), array(packed.index)];
    return { levels, index, none: index.BYTES_PER_ELEMENT === 2 ? 0xffff : 0xffffffff };
  };
  return {
    ...head,
    truthColumn: column(head.columns.truth),
    costs: { params: column(head.columns.params), flops: column(head.columns.flops) },
    valid: array(head.valid),
    nameBytes: array(head.names),
    codes: head.decisions.map((decision) => array(decision.codes)),
    scores: head.series.map(column),
  };
}

// Where each architecture's text begins, worked out when the first is asked for.
function nameOf(data, i) {
  if (!data.starts) {
    data.starts = new Uint32Array(data.n + 1);
    let place = 1;
    data.nameBytes.forEach((byte, at) => { if (byte === 10) data.starts[place++] = at + 1; });
    data.starts[data.n] = data.nameBytes.length + 1;
  }
  return TEXT.decode(data.nameBytes.subarray(data.starts[i], data.starts[i + 1] - 1));
}

// Rank 1 = best, ties share the best; percentiles 0 to 100 with ties at their mean, as nasbias.bias counts them.
function ranked(column, there) {
  const above = new Uint32Array(column.levels.length + 1);
  let n = 0;
  for (let i = 0; i < there.length; i++) if (there[i]) { above[column.index[i]]++; n++; }
  const count = above.slice();
  for (let level = count.length - 2, sum = 0; level >= 0; level--) { above[level] = sum; sum += count[level]; }
  const rank = new Uint32Array(there.length), percentile = new Float64Array(there.length);
  for (let i = 0; i < there.length; i++) {
    if (!there[i]) continue;
    const level = column.index[i];
    rank[i] = above[level] + 1;
    percentile[i] = 100 * (n - above[level] - count[level] / 2) / n;
  }
  return { rank, percentile };
}

function valuesOf(column) {
  const values = new Float64Array(column.index.length);
  for (let i = 0; i < values.length; i++) values[i] = column.index[i] === column.none ? NaN : column.levels[column.index[i]];
  return values;
}

// One series beside the truth: what can be filtered by and drawn, an array per name.
function viewOf(data, place) {
  const score = data.scores[place], truth = data.truthColumn;
  const there = new Uint8Array(data.n);
  let n = 0;
  for (let i = 0; i < data.n; i++) {
    there[i] = score.index[i] !== score.none && truth.index[i] !== truth.none ? 1 : 0;
    n += there[i];
  }
  const [s, t] = [ranked(score, there), ranked(truth, there)];
  const difference = new Float64Array(data.n);
  for (let i = 0; i < data.n; i++) difference[i] = s.percentile[i] - t.percentile[i];
  data.costValues ??= { params: valuesOf(data.costs.params), flops: valuesOf(data.costs.flops) };
  return {
    place, there, n, truth: valuesOf(truth), score: valuesOf(score), truthRank: t.rank, scoreRank: s.rank,
    truthPercentile: t.percentile, scorePercentile: s.percentile, difference, ...data.costValues,
  };
}

// Which architectures the filters leave [n], and how many.
function choose(data, view, filters) {
  const inside = view.there.slice();
  for (const [name, [low, high]] of Object.entries(filters.ranges)) {
    const values = view[name];
    if (low !== null) for (let i = 0; i < data.n; i++) if (values[i] < low) inside[i] = 0;
    if (high !== null) for (let i = 0; i < data.n; i++) if (values[i] > high) inside[i] = 0;
  }
  for (const [decision, chosen] of Object.entries(filters.values)) {
    const codes = data.codes[decision], wanted = new Uint8Array(256);
    for (const code of chosen) wanted[code] = 1;
    for (let i = 0; i < data.n; i++) if (!wanted[codes[i]]) inside[i] = 0;
  }
  if (filters.connected !== "") {
    const wanted = filters.connected === "yes" ? 1 : 0;
    for (let i = 0; i < data.n; i++) if (data.valid[i] !== wanted) inside[i] = 0;
  }
  let count = 0;
  for (let i = 0; i < data.n; i++) count += inside[i];
  return { inside, count };
}

// How often each value of each decision occurs among these.
function countValues(data, inside) {
  return data.codes.map((codes, decision) => {
    const counts = new Uint32Array(data.decisions[decision].values.length);
    for (let i = 0; i < data.n; i++) if (inside[i]) counts[codes[i]]++;
    return counts;
  });
}

// The smallest and the largest parameter count of all.
function sizeLimits(data) {
  data.costValues ??= { params: valuesOf(data.costs.params), flops: valuesOf(data.costs.flops) };
  data.sizes ??= data.costValues.params.reduce(([low, high], size) => [Math.min(low, size), Math.max(high, size)], [Infinity, -Infinity]);
  return data.sizes;
}

function countBins(values, inside, low, high, bins) {
  const counts = new Uint32Array(bins), scale = bins / (high - low);
  for (let i = 0; i < values.length; i++) {
    if (inside[i]) counts[Math.min(bins - 1, Math.floor((values[i] - low) * scale))]++;
  }
  return counts;
}

// The first `most` of these, by a column.
function firstOf(data, view, inside, key, descending, most) {
  const sign = descending ? -1 : 1, values = view[key];
  let order = [];
  for (let i = 0; i < data.n; i++) if (inside[i]) order.push(i);
  if (order.length > 4 * most) {  // hundreds of thousands are not sorted to show a hundred
    const last = Float64Array.from(order, (i) => sign * values[i]).sort()[most - 1];
    order = order.filter((i) => sign * values[i] <= last);
  }
  order.sort((a, b) => sign * (values[a] - values[b]) || a - b);
  return order.slice(0, most);
}

function plainNumber(value) {
  return String(Number(value.toPrecision(7)));
}

function csvOf(data, view, inside) {
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ["architecture", "truth", "score", "true_rank", "supernet_rank", "rank_difference", "params", "flops",
    "is_valid", ...data.decisions.map((decision) => decision.name)];
  const rows = [head.map(cell).join(",")];
  for (const i of firstOf(data, view, inside, "truthRank", false, data.n)) {
    const numbers = [plainNumber(view.truth[i]), plainNumber(view.score[i]), view.truthRank[i], view.scoreRank[i],
      view.difference[i].toFixed(4), view.params[i], view.flops[i]];
    const texts = data.codes.map((codes, decision) => cell(data.decisions[decision].values[codes[i]]));
    rows.push([cell(nameOf(data, i)), ...numbers, data.valid[i] ? "True" : "False", ...texts].join(","));
  }
  return rows.join("\n") + "\n";
}

// Filters and choices <-> the text after `#`. What is not said is as it is at first.
function writeState(data, state) {
  const query = new URLSearchParams();
  const series = data.series[state.series];
  if (state.series !== data.first) {
    query.set("length", series.epoch ?? "");
    query.set("run", series.run ?? "");
  }
  if (state.axes !== "values") query.set("axes", state.axes);
  if (state.colour !== "") query.set("colour", state.colour);
  for (const [name, [low, high]] of Object.entries(state.ranges)) query.set(name, `${low ?? ""}..${high ?? ""}`);
  for (const [decision, chosen] of Object.entries(state.values)) query.set(`d${decision}`, [...chosen].sort().join("."));
  if (state.connected !== "") query.set("connected", state.connected);
  if (state.pinned !== null) query.set("at", nameOf(data, state.pinned));
  const text = query.toString();
  return text ? `explorer&${text}` : "explorer";
}

function readState(data, hash, names) {
  const state = { series: data.first, axes: "values", colour: "", ranges: {}, values: {}, connected: "", pinned: null };
  const query = new URLSearchParams(hash.replace(/^#?explorer&?/, ""));
  if (query.has("length")) {
    const place = data.series.findIndex((each) => String(each.epoch ?? "") === query.get("length") &&
      (each.run ?? "") === (query.get("run") ?? ""));
    if (place >= 0) state.series = place;
  }
  if (query.get("axes") === "ranks") state.axes = "ranks";
  const colour = query.get("colour") ?? "";
  if (["difference", "params"].includes(colour) || data.decisions[colour.slice(1)]) state.colour = colour;
  for (const name of names) {
    const ends = (query.get(name) ?? "").split("..");
    if (ends.length !== 2) continue;
    const range = ends.map((text) => (text === "" || isNaN(text) ? null : Number(text)));
    if (range.some((end) => end !== null)) state.ranges[name] = range;
  }
  data.decisions.forEach((decision, place) => {
    const chosen = (query.get(`d${place}`) ?? "").split(".").filter((code) => /^\d+$/.test(code) && code in decision.values);
    if (chosen.length) state.values[place] = new Set(chosen.map(Number));
  });
  if (["yes", "no"].includes(query.get("connected"))) state.connected = query.get("connected");
  if (query.has("at")) {
    for (let i = 0; i < data.n && state.pinned === null; i++) if (nameOf(data, i) === query.get("at")) state.pinned = i;
  }
  return state;
}
