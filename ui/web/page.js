// What a visitor's browser does beyond Gradio: markers open their sources, an answer begins at the top.

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function goTo(card) {
  card.open = true;
  card.scrollIntoView({ block: "center", behavior: isStill() ? "auto" : "smooth" });
  card.querySelector("summary").focus({ preventScroll: true });
  card.classList.remove("ap-flash");
  void card.offsetWidth; // so that the animation begins anew
  card.classList.add("ap-flash");
}

// "Copy" takes the Markdown that the page offers as a file anyway.
function copyAnswer(button) {
  const encoded = button.parentElement.querySelector('a[download$=".md"]').href.split("base64,")[1];
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const say = (word) => { button.textContent = word; };
  navigator.clipboard.writeText(new TextDecoder().decode(bytes)).then(() => say("Copied"), () => say("Could not copy"));
  setTimeout(say, 2000, "Copy");
}

// The exchange whose question is to be asked again on its own: Gradio hears of what is typed into its box.
function askAlone(exchange) {
  const box = document.querySelector("#alone textarea, #alone input");
  box.value = `${exchange} ${Date.now()}`; // another text each time: the same one may be asked twice
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  const marker = at?.closest("a.ap-marker, a.ap-to");
  const card = marker && document.getElementById(marker.getAttribute("href").slice(1));
  if (card) {
    event.preventDefault();
    goTo(card);
  }
  const copy = at?.closest("button.ap-copy");
  if (copy) copyAnswer(copy);
  const alone = at?.closest("button.ap-alone");
  if (alone) askAlone(alone.dataset.exchange);
});

// A new question goes to the top of the conversation and stays there while its answer grows, so that this
// is read from its beginning; until the visitor scrolls.
let asked = "";
let isFollowing = false;
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  document.addEventListener(kind, () => { isFollowing = false; }, { capture: true, passive: true });
}

function follow() {
  const questions = document.querySelectorAll("#chat .user-row");
  const last = questions[questions.length - 1];
  const now = `${questions.length} ${last?.textContent ?? ""}`;
  if (last && now !== asked && !last.querySelector("textarea")) isFollowing = true;
  asked = now;
  const log = isFollowing && last?.closest('[role="log"]');
  if (log) log.scrollTop += last.getBoundingClientRect().top - log.getBoundingClientRect().top;
}

// On a phone the conversations would cover the one that is open.
let isFolded = matchMedia("(min-width: 769px)").matches;
function fold() {
  const toggle = document.querySelector("#side.open .toggle-button");
  if (isFolded || !toggle) return;
  isFolded = true;
  setTimeout(() => toggle.click(), 0); // once Gradio listens to it
}

new MutationObserver(() => { follow(); fold(); }).observe(document, { childList: true, subtree: true });
