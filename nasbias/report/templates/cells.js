// The drawing of an architecture, as nasbias/figures/cells.py draws it: tests hold the two together.
const CELL = { step: 64, box: 26, round: 9, half: 9, lift: 26, rise: 15, margin: 10, line: 13, letter: 4.7 };

// The cells of one architecture: nodes and wires with their texts, and which are dead.
function wireUp(wiring, isMatrix, text, valueOf) {
  const cells = isMatrix ? [readMatrix(text)] : wiring.cells;
  return cells.map((cell) => wireCell(cell, wiring.nothing, valueOf));
}

// "110101:op,op": the upper triangle of an adjacency matrix row by row, and the operations between input and output.
function readMatrix(text) {
  const [bits, operations] = text.split(":");
  const texts = ["input", ...(operations ? operations.split(",") : []), "output"];
  const edges = [];
  let place = 0;
  for (let source = 0; source < texts.length; source++) {
    for (let target = source + 1; target < texts.length; target++) {
      if (bits[place++] === "1") edges.push({ source, target, decision: null });
    }
  }
  const nodes = texts.map((each) => ({ text: each, decision: null, idle: null }));
  return { title: "cell", note: "", nodes, edges, inputs: [0], outputs: [-1] };
}

function wireCell(cell, nothing, valueOf) {
  const count = cell.nodes.length;
  const edges = cell.edges.flatMap((edge) => {
    const sources = typeof edge.source === "number" ? [edge.source] : valueOf(edge.source.decision).split("+").map(Number);
    const text = edge.decision === null ? "" : valueOf(edge.decision);
    return sources.map((source) => ({ source, target: edge.target, text }));
  });
  const living = edges.filter((edge) => !nothing.includes(edge.text));
  const fed = new Set(cell.inputs);
  for (let node = 0; node < count; node++) {
    if (living.some((edge) => edge.target === node && fed.has(edge.source))) fed.add(node);
  }
  const read = new Set(cell.outputs.map((place) => (place + count) % count));
  for (let node = count - 1; node >= 0; node--) {
    if (living.some((edge) => edge.source === node && read.has(edge.target))) read.add(node);
  }
  const nodes = cell.nodes.map((node, place) => {
    const text = node.decision === null ? node.text : valueOf(node.decision);
    return { text, isDead: !(fed.has(place) && read.has(place)) || (node.idle !== null && text === node.idle) };
  });
  const wires = edges.map((edge) => ({
    ...edge, isDead: nothing.includes(edge.text) || !fed.has(edge.source) || !read.has(edge.target),
  }));
  return { title: cell.title, note: cell.note, nodes, wires };
}

function riseOf(wire) {
  const over = wire.target - wire.source - 1;
  return over === 0 ? 0 : (CELL.lift + CELL.rise * (over - 1)) * (wire.source % 2 ? -1 : 1);
}

function halfWidthOf(cell, node) {
  return cell.nodes[node].text.length <= 2 ? CELL.round : CELL.box;
}

function extentOf(cell) {
  const rises = cell.wires.map(riseOf);
  const up = Math.max(CELL.half, CELL.line, ...rises);
  const down = Math.max(CELL.half, ...rises.map((rise) => -rise));
  const side = Math.max(...cell.nodes.map((_, node) => halfWidthOf(cell, node)));
  const right = Math.max((cell.nodes.length - 1) * CELL.step + side, CELL.letter * cell.note.length - side);
  const title = cell.title ? CELL.line : 0;
  return { left: -side, right, up: up + CELL.line / 2 + title, down: down + CELL.line / 2 + (cell.note ? CELL.line : 0) };
}

// The name space as the parser knows it: no address stands in the page.
const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").body.firstChild.namespaceURI;

function svgOf(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// An <svg> of the cells one above the other; colours are the page's (explorer.css).
function drawCells(cells, short) {
  const named = (text) => short[text] ?? text;
  const extents = cells.map(extentOf);
  const left = Math.min(...extents.map((each) => each.left)) - CELL.margin;
  const width = Math.max(...extents.map((each) => each.right)) + CELL.margin - left;
  const height = extents.reduce((sum, each) => sum + each.up + each.down + CELL.margin, CELL.margin);
  const svg = svgOf("svg", { viewBox: `${left} 0 ${width} ${height}`, class: "cells", "aria-hidden": "true" });
  svg.style.maxWidth = `${width * 1.25}px`;
  svg.style.minWidth = `${width * 0.95}px`;
  let above = CELL.margin;
  cells.forEach((cell, i) => {
    const line = above + extents[i].up;
    const dead = (part) => (part.isDead ? "dead" : "alive");
    for (const wire of [...cell.wires].sort((a, b) => b.isDead - a.isDead)) drawWire(svg, cell, wire, line, dead(wire), named);
    cell.nodes.forEach((node, place) => {
      const half = halfWidthOf(cell, place), x = place * CELL.step;
      svg.append(svgOf("rect", {
        x: x - half, y: line - CELL.half, width: 2 * half, height: 2 * CELL.half, rx: half === CELL.round ? CELL.half : 3,
        class: `node ${dead(node)}`,
      }));
      svg.append(svgOf("text", { x, y: line + 3, "text-anchor": "middle", class: dead(node) }, named(node.text)));
    });
    if (cell.title) svg.append(svgOf("text", { x: extents[i].left, y: above + 9, class: "alive" }, cell.title));
    if (cell.note) svg.append(svgOf("text", { x: extents[i].left, y: line + extents[i].down - 3, class: "note" }, cell.note));
    above += extents[i].up + extents[i].down + CELL.margin;
  });
  return svg;
}

function drawWire(svg, cell, wire, line, state, named) {
  const rise = riseOf(wire), start = wire.source * CELL.step, end = wire.target * CELL.step;
  const sign = rise > 0 ? -1 : 1;  // y grows downwards
  let d, tip, from;
  if (rise) {
    const edge = line + sign * CELL.half, lean = 0.22 * (end - start);
    const peak = edge + (-rise - sign * CELL.half) / 0.75;
    d = `M${start},${edge} C${start + lean},${peak} ${end - lean},${peak} ${end},${edge}`;
    [tip, from] = [[end, edge], [end - lean, peak]];
  } else {
    const [a, b] = [start + halfWidthOf(cell, wire.source), end - halfWidthOf(cell, wire.target)];
    d = `M${a},${line} L${b},${line}`;
    [tip, from] = [[b, line], [a, line]];
  }
  svg.append(svgOf("path", { d, class: `wire ${state}` }));
  const angle = Math.atan2(tip[1] - from[1], tip[0] - from[0]);
  const corner = (turn) => `${tip[0] - 5 * Math.cos(angle + turn)},${tip[1] - 5 * Math.sin(angle + turn)}`;
  svg.append(svgOf("path", { d: `M${tip} L${corner(0.4)} L${corner(-0.4)} Z`, class: `tip ${state}` }));
  if (wire.text) {
    const y = rise ? line - rise + 3 : line - 4, width = CELL.letter * named(wire.text).length + 4;
    if (rise) svg.append(svgOf("rect", { x: (start + end - width) / 2, y: y - 8, width, height: 10, class: "ground" }));
    svg.append(svgOf("text", { x: (start + end) / 2, y, "text-anchor": "middle", class: `on ${state}` }, named(wire.text)));
  }
}
