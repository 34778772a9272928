// The viewer: a page of a paper's PDF as a picture, with the quoted lines highlighted. Texts go in as text, never as HTML.

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3]; // of the width of the viewer
const WIDTHS = [600, 900, 1200, 1600, 2400]; // pixels that pictures have
const wide = matchMedia("(min-width: 1000px)"); // else the viewer covers the page

function make(tag, properties = {}, ...children) {
  const { data, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(data ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const viewer = {
  paper: null, // what the server says of the paper that is shown
  page: 1,
  quote: 0, // the one whose text is shown
  zoom: 1, // null: so that the whole page is seen
  opener: null, // has the focus again afterwards
  requests: 0,

  build() {
    const button = (text, label, act) => make("button", { type: "button", textContent: text, title: label, onclick: act, data: { "aria-label": label } });
    this.title = make("h2", { id: "ap-viewer-title" });
    this.caption = make("p", { className: "ap-caption", data: { role: "status" } });
    this.problem = make("p", { className: "ap-banner", data: { role: "alert" } });
    this.before = button("‹", "Previous page", () => this.turn(-1));
    this.after = button("›", "Next page", () => this.turn(1));
    this.number = make("input", { type: "text", inputMode: "numeric", maxLength: 5, data: { "aria-label": "Page number" }, onchange: () => this.goToPage(Number(this.number.value)) });
    this.count = make("span");
    this.out = button("−", "Zoom out", () => this.scale(-1));
    this.in = button("+", "Zoom in", () => this.scale(1));
    this.fit = button("", "", () => { this.zoom = this.zoom === null ? 1 : null; this.draw(); });
    this.link = make("a", { target: "_blank", rel: "noopener", textContent: "Open the PDF at this page ↗" });
    const group = (label, ...parts) => make("span", { className: "ap-group-of", data: { role: "group", "aria-label": label } }, ...parts);
    this.tools = make("div", { className: "ap-tools" }, group("Page", this.before, this.number, this.count, this.after), group("Zoom", this.out, this.fit, this.in));
    this.quotes = make("p", { className: "ap-quotes", data: { "aria-label": "Quotes", role: "group" } });
    this.picture = make("img", { onload: () => this.sheet.classList.remove("ap-loading"), onerror: () => this.fail() });
    this.lights = make("div");
    this.sheet = make("div", { className: "ap-sheet" }, this.picture, this.lights);
    this.area = make("div", { className: "ap-area", tabIndex: 0, data: { role: "region" } }, this.sheet);
    this.passage = make("div", { className: "ap-passage", tabIndex: 0, lang: "en", data: { role: "region", "aria-label": "Text of the quote" } });
    const head = make("div", { className: "ap-viewer-head" }, this.title, button("✕", "Close", () => this.close()));
    const where = make("div", { className: "ap-tools" }, this.caption, this.link);
    this.dialog = make("dialog", { className: "ap-viewer", data: { "aria-labelledby": "ap-viewer-title" } }, head, where, this.tools, this.quotes, this.problem, this.area, this.passage);
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.close(); });
    this.dialog.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => { if (this.paper) this.draw(); }).observe(this.area);
    wide.addEventListener("change", () => { if (this.dialog.open) this.show(); });
    document.querySelector("main").append(this.dialog); // where Gradio applies our styles
  },

  // Opens a paper at the first of these spans, which are texts like "10-25", or at its first page.
  async open(address, version, spans, opener) {
    if (!this.dialog?.isConnected) this.build();
    const request = (this.requests += 1);
    const query = new URLSearchParams({ version, spans: spans.slice(0, 16).join(".") });
    let answer;
    try {
      const response = await fetch(`${address}/view?${query}`);
      answer = response.ok ? await response.json() : { problem: await response.text() };
    } catch {
      answer = { problem: "The server does not answer: try again." };
    }
    if (request !== this.requests) return; // something else was opened meanwhile
    this.paper = { title: "", pages: [], quotes: [], ...answer };
    this.opener = opener;
    this.quote = 0;
    this.page = this.paper.quotes[0]?.page ?? 1;
    this.show();
    this.drawPaper();
    (this.paper.problem ? this.dialog.querySelector("button") : this.area).focus({ preventScroll: true });
  },

  // Beside the answer, whose marked words stay in view, where there is room.
  show() {
    document.documentElement.toggleAttribute("data-beside", wide.matches); // narrows the page
    document.querySelector(".ap-card[open] mark.ap-on")?.scrollIntoView({ block: "center" });
    if (this.dialog.open && this.dialog.matches(":modal") !== wide.matches) return;
    this.dialog.close();
    if (wide.matches) this.dialog.show();
    else this.dialog.showModal();
  },

  close() {
    this.requests += 1;
    this.dialog.close();
    document.documentElement.removeAttribute("data-beside");
    this.paper = null;
    this.picture.removeAttribute("src");
    if (this.opener?.isConnected) this.opener.focus({ preventScroll: true });
  },

  drawPaper() {
    const { title, problem, pages, quotes } = this.paper;
    this.title.textContent = title || "Paper";
    this.problem.hidden = !problem;
    this.problem.textContent = problem ?? "";
    for (const part of [this.tools, this.area, this.link]) part.hidden = Boolean(problem);
    this.count.textContent = `of ${pages.length}`;
    const choose = (place) => { this.quote = place; this.drawPassage(); this.goToPage(quotes[place].page ?? this.page); };
    this.quotes.hidden = quotes.length < 2;
    this.quotes.replaceChildren("Quotes: ", ...quotes.map((quote, place) => make("button", { type: "button", textContent: quote.caption, onclick: () => choose(place) })));
    this.drawPassage();
    this.draw();
    this.showQuote();
  },

  drawPassage() {
    const quote = this.paper.quotes[this.quote];
    this.passage.hidden = !quote;
    for (const [place, button] of this.quotes.querySelectorAll("button").entries()) button.setAttribute("aria-pressed", place === this.quote);
    if (!quote) return;
    this.passage.replaceChildren(quote.before, make("mark", { textContent: quote.text }), quote.after);
    const mark = this.passage.querySelector("mark");
    this.passage.scrollTop = mark.offsetTop - 24;
  },

  draw() {
    const { pages, quotes, address, version, problem } = this.paper;
    const shown = quotes[this.quote];
    const own = shown?.page === this.page ? shown.caption : pages[this.page - 1]?.caption;
    this.caption.textContent = own ?? "";
    if (problem) return;
    const { ratio } = pages[this.page - 1];
    const { clientWidth, clientHeight } = this.area;
    const whole = Math.min(1, (clientHeight * ratio) / (clientWidth || 1));
    const scale = this.zoom ?? whole;
    this.number.value = this.page;
    for (const [button, isAtEnd] of [[this.before, this.page === 1], [this.after, this.page === pages.length], [this.out, scale <= ZOOMS[0]], [this.in, scale >= ZOOMS.at(-1)]]) button.setAttribute("aria-disabled", isAtEnd);
    const next = this.zoom === null ? "Fit width" : "Fit page";
    Object.assign(this.fit, { textContent: next, title: next }).setAttribute("aria-label", next);
    this.link.href = `${address}/pdf#page=${this.page}`;
    this.area.setAttribute("aria-label", `Page ${this.page} of ${pages.length}`);
    Object.assign(this.sheet.style, { width: `${scale * 100}%`, aspectRatio: ratio });
    this.drawLights();
    const wanted = clientWidth * scale * devicePixelRatio;
    const width = WIDTHS.find((step) => step >= wanted) ?? WIDTHS.at(-1);
    this.load(`${address}/pages/${this.page}?${new URLSearchParams({ width, version })}`);
  },

  // Those of the quote whose text is shown come first.
  drawLights() {
    const { quotes } = this.paper;
    const ordered = [...quotes.slice(this.quote), ...quotes.slice(0, this.quote)];
    const boxes = ordered.flatMap((quote) => quote.boxes).filter((box) => box.page === this.page);
    const percent = (share) => `${share * 100}%`;
    this.lights.replaceChildren(...boxes.map((box) => {
      const light = make("span", { className: "ap-light" });
      for (const side of ["left", "top", "width", "height"]) light.style[side] = percent(box[side]);
      return light;
    }));
  },

  // The picture itself, once nobody pages on.
  load(source) {
    if (this.source === source && this.picture.getAttribute("src") === source) return;
    this.source = source;
    clearTimeout(this.timer);
    const isSamePage = this.picture.getAttribute("src")?.split("?")[0] === source.split("?")[0];
    if (!isSamePage) {
      this.sheet.classList.add("ap-loading");
      this.picture.removeAttribute("src");
    }
    this.picture.alt = `Page ${this.page} of ${this.paper.title}`;
    this.timer = setTimeout(() => { if (this.paper) this.picture.src = source; }, 60);
    this.problem.hidden = true;
  },

  fail() {
    if (!this.picture.getAttribute("src")) return;
    this.sheet.classList.remove("ap-loading");
    this.problem.textContent = "This page cannot be shown as a picture: open the PDF, or try again.";
    this.problem.hidden = false;
  },

  goToPage(page) {
    const last = this.paper.pages.length;
    this.page = Math.min(last, Math.max(1, Number.isInteger(page) ? page : this.page));
    this.number.value = this.page;
    if (this.paper.problem) return;
    this.area.scrollTo(0, 0);
    this.draw();
    this.showQuote();
  },

  turn(step) {
    this.goToPage(this.page + step);
  },

  scale(step) {
    const { clientWidth } = this.area;
    const now = this.zoom ?? this.sheet.offsetWidth / (clientWidth || 1);
    const steps = step > 0 ? ZOOMS.filter((zoom) => zoom > now + 0.01) : ZOOMS.filter((zoom) => zoom < now - 0.01).reverse();
    this.zoom = steps[0] ?? now;
    this.draw();
    this.showQuote();
  },

  // Scrolls to the first highlight of the page.
  showQuote() {
    const light = this.lights.firstElementChild;
    if (!light || this.area.hidden) return;
    const boxes = this.paper.quotes[this.quote].boxes.filter((box) => box.page === this.page);
    const start = Math.min(...boxes.map((box) => box.left)) * this.sheet.offsetWidth; // of its longest line
    const top = light.offsetTop - this.area.clientHeight / 3;
    this.area.scrollTo({ top, left: (Number.isFinite(start) ? start : light.offsetLeft) - 16 });
  },

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.paper?.problem !== null) return;
    const isTyping = event.target === this.number;
    const scrolls = this.area.scrollWidth > this.area.clientWidth + 1; // sideways, by the arrows
    const acts = {
      PageUp: () => this.turn(-1),
      PageDown: () => this.turn(1),
      ...(isTyping ? {} : { "+": () => this.scale(1), "=": () => this.scale(1), "-": () => this.scale(-1) }),
      ...(isTyping || scrolls ? {} : { ArrowLeft: () => this.turn(-1), ArrowRight: () => this.turn(1) }),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  },
};

// The spans of a card's quotes at these places, all of them if there are none, and the button that has the first.
function viewable(card, places) {
  const buttons = [...card.querySelectorAll("button.ap-view")];
  const quotes = buttons.flatMap((button) => {
    const spans = button.dataset.spans.split(".");
    return button.dataset.quotes.split(" ").map((place, at) => ({ button, place, span: spans[at] }));
  });
  const order = (quote) => places.indexOf(quote.place);
  return quotes.filter((quote) => quote.span && (!places.length || order(quote) >= 0)).sort((a, b) => order(a) - order(b));
}

function view(quotes, opener) {
  const { address, version } = quotes[0].button.dataset;
  viewer.open(address, version, quotes.map((quote) => quote.span), opener);
}

document.addEventListener("click", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  const button = at?.closest("button.ap-view");
  if (button) viewer.open(button.dataset.address, button.dataset.version, button.dataset.spans.split(".").filter(Boolean), button);
  const marker = at?.closest("a.ap-marker, a.ap-to");
  const mark = getSelection().isCollapsed ? at?.closest(".ap-card mark[data-quotes]") : null;
  const card = marker ? document.getElementById(marker.getAttribute("href").slice(1)) : mark?.closest(".ap-card");
  if (!card || button) return;
  const quotes = viewable(card, ((marker ?? mark).dataset.quotes ?? "").split(" ").filter(Boolean));
  if (quotes.length) view(quotes, marker ?? quotes[0].button);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && viewer.dialog?.open && !event.defaultPrevented) viewer.close();
});
