"use strict";
{
  const table = document.getElementById("questions");
  const tools = document.querySelector(".tools");
  const heads = [...table.tHead.rows[0].cells];
  const questions = [...table.tBodies];
  const collator = new Intl.Collator(undefined, { numeric: true });
  const after = { none: "ascending", ascending: "descending", descending: "none" };
  const texts = new Map();

  const valueOf = (question, column) => {
    const cell = question.rows[0].cells[column];
    if (!("number" in heads[column].dataset)) return cell.textContent || null;
    return "v" in cell.dataset ? Number(cell.dataset.v) : null;
  };

  // What has no value stays last, whichever way; equal ones stay in the order of the run.
  const sort = (column) => {
    const order = after[heads[column].getAttribute("aria-sort")];
    heads.forEach((head, place) => head.setAttribute("aria-sort", place === column ? order : "none"));
    const sign = order === "descending" ? -1 : 1;
    const keyed = questions.map((question) => [valueOf(question, column), question]);
    if (order !== "none")
      keyed.sort(([one], [other]) => {
        if (one === null || other === null) return (one === null) - (other === null);
        return sign * (typeof one === "number" ? one - other : collator.compare(one, other));
      });
    table.append(...keyed.map(([, question]) => question));
  };

  // Texts that are not ours are those with a direction of their own.
  const textOf = (question) => {
    if (!texts.has(question)) {
      const parts = [...question.querySelectorAll("[dir]")].map((part) => part.textContent);
      texts.set(question, parts.join("\n").toLowerCase());
    }
    return texts.get(question);
  };

  const filter = () => {
    const wanted = Object.fromEntries(new FormData(tools));
    const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (list, one) => !one || list.split(" ").includes(one);
    let shown = 0;
    for (const question of questions) {
      const { status, tags, faults } = question.dataset;
      const fits =
        (!wanted.status || wanted.status === status) &&
        has(tags, wanted.tag) &&
        (wanted.fault === "any" ? faults !== "" : has(faults, wanted.fault)) &&
        words.every((word) => textOf(question).includes(word));
      question.hidden = !fits;
      shown += fits;
    }
    tools.querySelector("output").textContent = `${shown} of ${questions.length}`;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sort(column));
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
  });
  tools.addEventListener("input", filter);
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.hidden = false;
  filter();
}
