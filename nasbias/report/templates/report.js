"use strict";
// Tables read well without this; with it they sort and copy.
const said = document.getElementById("said");

function compare(a, b, isNumber) {
  if (a === "" || b === "") return (a === "") - (b === "");
  return isNumber ? Number(a) - Number(b) : a.localeCompare(b);
}

function sortBy(table, column, head) {
  const descending = head.getAttribute("aria-sort") === "ascending";
  const sign = descending ? -1 : 1;
  const isNumber = head.classList.contains("n");
  const body = table.tBodies[0];
  const value = (row) => row.cells[column].dataset.v;
  const rows = Array.from(body.rows).sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    return a === "" || b === "" ? compare(a, b, isNumber) : sign * compare(a, b, isNumber);
  });
  body.append(...rows);
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

for (const table of document.querySelectorAll("table")) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => sortBy(table, column, head));
  });
}

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  const link = button.parentElement.querySelector("a.csv");
  button.setAttribute("aria-label", link.getAttribute("aria-label").replace("Download", "Copy"));
  button.addEventListener("click", async () => {
    const text = decodeURIComponent(link.href.slice(link.href.indexOf(",") + 1));
    await copyText(text);
    button.focus();
    button.textContent = "Copied";
    said.textContent = "Table copied as CSV.";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
