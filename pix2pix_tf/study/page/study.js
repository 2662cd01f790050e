// One participant's way through the study. The server alone knows which image is the fake.

const SIDES = ["left", "right"];
const KEYS = { ArrowLeft: "left", f: "left", F: "left", ArrowRight: "right", j: "right", J: "right" };
const CROSS_MS = 600; // before the images of each trial, so that nobody is looking elsewhere
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15000;
const GIVE_UP_MS = 20000; // on one attempt to reach the server

const byId = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const nextFrame = () => new Promise(requestAnimationFrame);
const clicked = (element) => new Promise((resolve) => element.addEventListener("click", resolve, { once: true }));

async function run() {
  let session = await request("session");
  const total = session.practice + session.trials;
  fillIn(".practice-count", session.practice);
  fillIn(".trial-count", session.trials);
  fillIn(".left-count", total - session.trial);
  document.querySelectorAll(".practice-only").forEach((element) => (element.hidden = !session.practice));

  if (session.trial === null) {
    await read("welcome");
    session = await request("session", {});
  } else if (session.trial < total && !atBreak(session)) {
    await read("return");
  }
  while (session.trial < total) {
    if (atBreak(session)) await read("break");
    session = await runTrial(session);
  }
  show("done");
}

const atBreak = (session) => session.practice > 0 && session.trial === session.practice;

/** One trial, from its images to the stored answer; returns where the participant is then. */
async function runTrial(session) {
  const number = session.trial;
  show("trial");
  showProgress(session);
  while (!(await load(number))) {
    session = await request("session");
    if (session.trial !== number) return session; // A second tab went ahead.
  }
  phase("cross");
  await sleep(CROSS_MS);
  const seen = await expose(session.exposure_ms);
  const answer = await choose();
  const reply = await request(`trials/${number}`, { ...answer, ...seen });
  if (reply?.fake_side) await giveFeedback(answer.answer, reply.fake_side);
  return request("session");
}

/** Fetches and decodes both images; false, after a while, if they could not be had. */
async function load(number) {
  phase("wait");
  const images = SIDES.map((side) =>
    Object.assign(new Image(), { alt: "", decoding: "sync", src: `trials/${number}/${side}` }),
  );
  try {
    await Promise.all(images.map((image) => image.decode()));
  } catch {
    notify("The images cannot be fetched; trying again.");
    await sleep(FIRST_RETRY_MS);
    return false;
  }
  notify("");
  SIDES.forEach((side, i) => byId(side).querySelector("img").replaceWith(images[i]));
  byId("trial").style.setProperty("--width", images[0].naturalWidth);
  byId("trial").style.setProperty("--height", images[0].naturalHeight);
  return true;
}

/**
 * Shows the images for `duration`, rounded up to whole frames of the screen, and measures it. The clock starts and
 * stops when the browser asks for the frame after a change: only then is the change on screen, however long it took.
 */
async function expose(duration) {
  let hidden = false;
  const watch = () => (hidden ||= document.hidden);
  document.addEventListener("visibilitychange", watch);
  await nextFrame();
  phase("images");
  await nextFrame();
  const start = performance.now();
  while (performance.now() - start < duration) await nextFrame();
  phase("wait");
  await nextFrame();
  const exposure = performance.now() - start;
  document.removeEventListener("visibilitychange", watch);
  return { exposure_ms: exposure, hidden };
}

/** Waits for a key, a click or a tap. A side keeps the focus only if it was chosen by it: neither is to stand out. */
async function choose() {
  phase("question");
  const start = performance.now();
  const stop = new AbortController();
  const [side, event] = await new Promise((resolve) => {
    const listen = (target, type, pick) =>
      target.addEventListener(type, (event) => pick(event) && resolve([pick(event), event]), { signal: stop.signal });
    listen(document, "keydown", (event) => !event.repeat && !hasModifier(event) && KEYS[event.key]);
    SIDES.forEach((side) => listen(byId(side), "click", () => side));
  });
  const focusWasUsed = event.type === "click" && event.detail === 0;
  if (!focusWasUsed) document.activeElement.blur();
  stop.abort();
  phase("wait");
  return { answer: side, response_ms: performance.now() - start };
}

const hasModifier = (event) => event.ctrlKey || event.altKey || event.metaKey;

async function giveFeedback(answer, fakeSide) {
  phase("feedback", `${answer === fakeSide ? "✓ Correct" : "✗ Not correct"}: the fake was on the ${fakeSide}.`);
  byId("next").focus();
  await clicked(byId("next"));
}

/** GETs, or POSTs `body`, until the server has answered. A trial that is answered already is as good as answered. */
async function request(path, body) {
  const options = body && { method: "POST", body: JSON.stringify(body) };
  for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, LAST_RETRY_MS)) {
    const response = await fetch(path, { ...options, signal: AbortSignal.timeout(GIVE_UP_MS) }).catch(() => null);
    const content = await response?.json().catch(() => null);
    if (content && response.status < 500) {
      notify("");
      if (response.ok || response.status === 409) return content;
      byId("reason").textContent = content.error;
      show("stop");
      throw new Error(content.error);
    }
    notify(body ? "No connection. Your answer is kept and sent again." : "No connection. Trying again.");
    await Promise.race([sleep(wait), new Promise((resolve) => addEventListener("online", resolve, { once: true }))]);
  }
}

/** Shows a page of text until its button is pressed. */
async function read(id) {
  show(id);
  const button = byId(id).querySelector(".go");
  button.focus();
  await clicked(button);
}

function show(id) {
  document.querySelectorAll("main > section").forEach((section) => (section.hidden = section.id !== id));
}

function showProgress({ trial, practice, trials }) {
  const inPractice = trial < practice;
  const [done, of] = inPractice ? [trial, practice] : [trial - practice, trials];
  byId("count").textContent = `${inPractice ? "Practice, pair" : "Pair"} ${done + 1} of ${of}`;
  Object.assign(byId("bar"), { value: done, max: of });
}

/** wait → cross → images → wait → question → wait (→ feedback); what is visible in each is up to the style sheet. */
function phase(name, message = name === "question" ? "Which one was the fake?" : "") {
  byId("pair").dataset.phase = name;
  byId("message").textContent = message;
  SIDES.forEach((side) => byId(side).setAttribute("aria-disabled", name !== "question"));
}

function fillIn(selector, text) {
  document.querySelectorAll(selector).forEach((element) => (element.textContent = text));
}

function notify(text) {
  byId("notice").textContent = text;
}

run();
