// What the page does beyond Gradio: markers open their sources, and an answer is read from its beginning.

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Opens a card and highlights the quotes whose places are given; all of them if there are none.
function goTo(card, places) {
  card.open = true;
  for (const other of card.closest(".ap-cards").children) other.firstElementChild.classList.remove("ap-some");
  card.classList.toggle("ap-some", places.length > 0);
  const marks = [...card.querySelectorAll("mark[data-quotes]")];
  const [first] = marks.filter((mark) => {
    const isMeant = mark.dataset.quotes.split(" ").some((place) => places.includes(place));
    mark.classList.toggle("ap-on", isMeant);
    return isMeant;
  });
  const goal = first && card.offsetHeight > innerHeight / 2 ? first : card;
  goal.scrollIntoView({ block: "center", behavior: isStill() ? "auto" : "smooth" });
  card.querySelector("summary").focus({ preventScroll: true });
  card.classList.remove("ap-flash");
  void card.offsetWidth; // restarts the animation
  card.classList.add("ap-flash");
}

// "Copy" takes the Markdown from the link that offers it as a file.
function copyAnswer(button) {
  const encoded = button.parentElement.querySelector('a[download$=".md"]').href.split("base64,")[1];
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const say = (word) => { button.textContent = word; };
  navigator.clipboard.writeText(new TextDecoder().decode(bytes)).then(() => say("Copied"), () => say("Could not copy"));
  setTimeout(say, 2000, "Copy");
}

// Hands a text on to the server by a hidden box: Gradio notices what is typed there.
function hand(id, text) {
  const box = document.querySelector(`#${id} textarea, #${id} input`);
  box.value = `${text} ${Date.now()}`; // another text each time: the same one may be handed on twice
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  const marker = at?.closest("a.ap-marker, a.ap-to");
  const card = marker && document.getElementById(marker.getAttribute("href").slice(1));
  if (card) {
    event.preventDefault();
    goTo(card, (marker.dataset.quotes ?? "").split(" ").filter(Boolean));
  }
  const copy = at?.closest("button.ap-copy");
  if (copy) copyAnswer(copy);
  const alone = at?.closest("button.ap-alone");
  if (alone) hand("alone", alone.dataset.exchange);
  const go = at?.closest("button.ap-go");
  if (go?.dataset.go) hand("go", go.dataset.go);
  if (go?.dataset.paper) hand("opened", go.dataset.paper);
});

// A new question goes to the top of the conversation and stays there while its answer grows, until the
// visitor scrolls.
let lastQuestion = "";
let isFollowing = false;
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  document.addEventListener(kind, () => { isFollowing = false; }, { capture: true, passive: true });
}

function follow() {
  const questions = document.querySelectorAll("#chat .user-row");
  const last = questions[questions.length - 1];
  const now = `${questions.length} ${last?.textContent ?? ""}`;
  if (last && now !== lastQuestion && !last.querySelector("textarea")) isFollowing = true;
  lastQuestion = now;
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
