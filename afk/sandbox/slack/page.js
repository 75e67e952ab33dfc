"use strict";
// Draws what the sandbox says there is, once a second, and sends back what the person does.

const at = (id) => document.getElementById(id);
let shownState = "";
let chosen = { user: "", channel: "", home: false, thread: "" };
const failed = new Set();

function button(element, blockId, place) {
  const made = node("button", `kit ${element.style || ""}`, emoji(element.text.text));
  made.type = "button";
  made.dataset.actionId = element.action_id;
  if (element.accessibility_label) made.setAttribute("aria-label", element.accessibility_label);
  const key = `${place}/${blockId}/${element.action_id}`;
  made.addEventListener("click", async () => {
    if (element.url) window.open(element.url, "_blank", "noreferrer,noopener");
    const answer = await act({ verb: "clicks", ts: place, action_id: element.action_id, value: element.value }, made);
    if (answer && answer.dialog) ask(answer.dialog, key);
    else mark(key, answer);
  });
  return failed.has(key) ? node("span", "", made, node("span", "failed", " ⚠")) : made;
}

function mark(key, answer) {
  if (answer && answer.warning) failed.add(key);
  else failed.delete(key);
  refresh(true);
}

function element(each, blockId, place) {
  if (each.type === "button") return button(each, blockId, place);
  if (each.type === "image") return node("span", "unknown", each.alt_text);
  if (each.type === "mrkdwn" || each.type === "plain_text") return node("span", "", words(each));
  return node("span", "unknown", each.type.replaceAll("_", " "));
}

function richText(parts) {
  return parts.map((part) => {
    if (part.elements) {
      const kind = { rich_text_preformatted: "pre", rich_text_quote: "blockquote", rich_text_list: "ul" }[part.type] || "span";
      const inside = richText(part.elements);
      return node(kind, "", ...(kind === "ul" ? inside.map((each) => node("li", "", each)) : inside));
    }
    if (part.type === "link") return link(part.url, part.text || part.url);
    if (part.type === "user") return node("span", "mention", `@${nameOf(part.user_id)}`);
    if (part.type === "emoji") return emoji(`:${part.name}:`);
    return document.createTextNode(part.text || "");
  });
}

function cell(each) {
  return node("td", "", ...(each.type === "rich_text" ? richText(each.elements) : [emoji(String(each.text))]));
}

function block(each, place) {
  const made = node("div", `block ${each.type}`);
  switch (each.type) {
    case "header": made.append(words(each.text)); break;
    case "divider": break;
    case "section": {
      const left = node("div", "", each.text ? words(each.text) : null);
      if (each.fields) left.append(node("div", "fields", ...each.fields.map((field) => node("div", "", words(field)))));
      made.append(left);
      if (each.accessory) made.append(element(each.accessory, each.block_id, place));
      break;
    }
    case "context":
    case "actions": made.append(...each.elements.map((one) => element(one, each.block_id, place))); break;
    case "table": made.append(node("table", "", ...each.rows.map((row) => node("tr", "", ...row.map(cell))))); break;
    case "rich_text": made.append(...richText(each.elements)); break;
    case "markdown": made.append(each.text); break;
    case "alert": made.append(words(each.text)); break;
    case "image": made.append(node("span", "unknown", each.alt_text)); break;
    case "input": {
      const field = node(each.element.multiline ? "textarea" : "input");
      field.dataset.block = each.block_id;
      field.dataset.action = each.element.action_id || "";
      field.required = !each.optional;
      field.value = each.element.initial_value || "";
      made.append(node("label", "", emoji(each.label.text), field), node("span", "failed"));
      break;
    }
    default: made.append(node("span", "unknown", `(${each.type.replaceAll("_", " ")})`));
  }
  return made;
}

function body(message, place) {
  const typed = !message.blocks || message.blocks.every((each) => each.type === "rich_text" && message.client_msg_id);
  if (typed) return node("div", "body", mrkdwn(message.text));
  return node("div", "body", ...message.blocks.map((each) => block(each, place)));
}

function message(each, inThread) {
  const author = nameOf(each.user);
  const bot = Boolean((state.users.find((one) => one.id === each.user) || {}).bot);
  const when = new Date(Number(each.ts) * 1000);
  const time = node("time", "", when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = when.toISOString();
  const line = node("div", "head", node("span", "who", author), bot ? node("span", "app", "APP") : null, time,
    each.edited ? node("span", "edited", "(edited)") : null);
  const made = node("article", `message${each.is_ephemeral ? " private" : ""}`);
  const face = node("div", `face${bot ? " bot" : ""}`, author.slice(0, 1));
  face.setAttribute("aria-hidden", "true");
  made.dataset.ts = each.ts;
  made.append(face, node("div", "body-column", line, body(each, each.ts)));
  if (each.is_ephemeral) made.append(node("div", "eyes", "👁 Only visible to you"));
  else if (!inThread) {
    const reply = node("button", "reply", each.reply_count ? `${each.reply_count} in thread · reply` : "Reply in thread");
    reply.type = "button";
    reply.addEventListener("click", () => { chosen.thread = each.ts; drawComposer(); at("text").focus(); });
    made.append(node("div", "eyes", reply, ...(each.reactions || []).map((one) => ` ${emoji(`:${one.name}:`)} ${one.count}`)));
  }
  return made;
}

function draw() {
  const list = at("messages");
  const low = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  if (chosen.home) list.replaceChildren(homeTab());
  else {
    list.replaceChildren(...state.messages.flatMap((each) => [message(each, false),
      ...(each.replies.length ? [node("div", "replies", ...each.replies.map((one) => message(one, true)))] : [])]));
    if (!state.messages.length) list.append(node("p", "empty", "Nothing has been said here yet."));
  }
  if (low) list.scrollTop = list.scrollHeight;
  drawSide();
  drawComposer();
  drawModal();
}

function homeTab() {
  if (!state.home) return node("p", "empty", "The app has published no Home tab for you.");
  return node("div", "message", node("span"), node("div", "body", ...state.home.blocks.map((each) => block(each, "home"))));
}

function drawSide() {
  const here = state.channels.find((each) => each.id === state.channel);
  at("team").textContent = state.team.name;
  at("title").textContent = chosen.home ? state.app.name : here ? `${here.private ? "🔒" : "#"} ${here.name}` : "No channel yet";
  at("about").textContent = chosen.home ? "Home" : here && here.shared ? "Shared with another organisation" : "";
  at("reached").textContent = `App: ${state.app.reached}`;
  at("channels").replaceChildren(...state.channels.map((each) => {
    const made = node("button", "", `${each.private ? "🔒" : "#"} ${each.name}`);
    made.type = "button";
    if (!chosen.home && each.id === state.channel) made.setAttribute("aria-current", "page");
    made.addEventListener("click", () => choose({ channel: each.id, home: false, thread: "" }));
    return made;
  }));
  at("home").textContent = `⌂ ${state.app.name}`;
  at("home").toggleAttribute("aria-current", chosen.home);
  const people = state.users.filter((each) => !each.bot);
  at("people").replaceChildren(...people.map((each) => {
    const made = node("option", "", each.team === state.team.name ? each.name : `${each.name} (${each.team})`);
    made.value = each.id;
    made.selected = each.id === state.user;
    return made;
  }));
}

function drawComposer() {
  at("composer").hidden = chosen.home || !state.channel || !state.user;
  at("thread").hidden = !chosen.thread;
  at("thread").querySelector("span").textContent = "Replying in a thread.";
  at("text").placeholder = chosen.thread ? "Reply…" : `Message, or ${state.commands[0] || "/command"} status`;
}

function ask(dialog, key) {
  at("confirm-title").textContent = dialog.title.text;
  at("confirm-text").replaceChildren(words(dialog.text));
  at("agree").textContent = dialog.confirm.text;
  at("agree").className = dialog.style === "danger" ? "danger" : "primary";
  at("deny").textContent = dialog.deny.text;
  at("agree").onclick = async () => { const answer = await act({ verb: "confirms" }, at("agree")); at("confirm").close(); mark(key, answer); };
  at("deny").onclick = () => at("confirm").close("deny");
  at("confirm").oncancel = () => act({ verb: "declines" });
  at("confirm").onclose = () => { if (at("confirm").returnValue === "deny") act({ verb: "declines" }); at("confirm").returnValue = ""; };
  at("confirm").showModal();
}

let shownModal = "";
function drawModal() {
  const view = state.modal;
  const mark = view ? view.hash : "";
  if (mark === shownModal) return;
  shownModal = mark;
  if (!view) { at("modal").close(); return; }
  at("modal-title").textContent = view.title.text;
  at("modal-body").replaceChildren(...view.blocks.map((each) => block(each, "modal")));
  at("dismiss").textContent = view.close ? view.close.text : "Cancel";
  at("submit").hidden = !view.submit;
  at("submit").textContent = view.submit ? view.submit.text : "";
  if (!at("modal").open) at("modal").showModal();
}

at("dismiss").addEventListener("click", () => act({ verb: "dismisses" }));
at("modal").addEventListener("cancel", () => act({ verb: "dismisses" }));
at("modal-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const values = {};
  for (const field of at("modal-body").querySelectorAll("[data-block]")) (values[field.dataset.block] ||= {})[field.dataset.action] = field.value;
  const answer = await act({ verb: "submits", values }, at("submit"));
  for (const field of at("modal-body").querySelectorAll("[data-block]")) {
    field.closest(".block").querySelector(".failed").textContent = (answer && answer.errors[field.dataset.block]) || "";
  }
});

function warn(text) {
  at("warning").hidden = !text;
  at("warning").textContent = emoji(text || "");
}

async function act(what, pressed) {
  if (pressed) pressed.disabled = true;
  try {
    const asked = { user: state.user, channel: state.channel, ...what };
    const response = await fetch("/sandbox/act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) });
    const answer = await response.json();
    warn(answer.error || answer.warning);
    return response.ok ? answer : null;
  } catch (error) {
    warn(`The sandbox does not answer: ${error.message}`);
    return null;
  } finally {
    if (pressed) pressed.disabled = false;
    await refresh(false);
  }
}

async function refresh(always) {
  try {
    const asked = new URLSearchParams({ user: chosen.user, channel: chosen.channel });
    const text = await (await fetch(`/sandbox/state?${asked}`)).text();
    if (!always && text === shownState) return;
    shownState = text;
    state = JSON.parse(text);
    draw();
    document.body.dataset.ready = "yes";
  } catch (error) {
    warn(`The sandbox does not answer: ${error.message}`);
  }
}

async function choose(changes) {
  chosen = { ...chosen, ...changes };
  warn("");
  await refresh(true);
}

at("people").addEventListener("change", (event) => choose({ user: event.target.value }));
at("home").addEventListener("click", async () => { await choose({ home: true, thread: "" }); await act({ verb: "opens_home" }); });
at("leave").addEventListener("click", () => choose({ thread: "" }));
at("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text) return;
  at("text").value = "";
  const answer = await act({ verb: "types", text, thread_ts: chosen.thread }, event.submitter);
  if (!answer) at("text").value = text;
});

refresh(true);
setInterval(() => refresh(false), 1000);
