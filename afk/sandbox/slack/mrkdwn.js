"use strict";
// Turns Slack's text into nodes. What people or apps wrote enters the page as text, never as markup.

let state = null;

function node(tag, className, ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside.filter((each) => each !== null && each !== undefined));
  return made;
}

const EMOJI = {
  warning: "⚠️", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫",
  rocket: "🚀", eyes: "👀", bell: "🔔", no_bell: "🔕", tada: "🎉", hourglass_flowing_sand: "⏳", hourglass: "⌛",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", large_blue_circle: "🔵", white_circle: "⚪",
  snowflake: "❄️", ice_cube: "🧊", octagonal_sign: "🛑", stop_button: "⏹️", arrows_counterclockwise: "🔄", robot_face: "🤖",
  lock: "🔒", unlock: "🔓", mag: "🔍", link: "🔗", memo: "📝", bulb: "💡", fire: "🔥", thumbsup: "👍", "+1": "👍",
  zzz: "💤", rotating_light: "🚨", construction: "🚧", question: "❓", speech_balloon: "💬", hammer_and_wrench: "🛠️",
};
const emoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] || whole);
const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const nameOf = (id) => (state.users.find((each) => each.id === id) || { name: id }).name;

function link(url, label) {
  const safe = /^(https?:|mailto:)/i.test(url);
  if (!safe) return document.createTextNode(label);
  const made = node("a", "", label);
  made.href = url;
  made.target = "_blank";
  made.rel = "noreferrer noopener";
  return made;
}

function date(spec, fallback) {
  const [, seconds, format, url] = spec.split("^");
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime()) || !format) return document.createTextNode(fallback || spec);
  const day = when.toLocaleDateString([], { month: "short", day: "numeric", year: "numeric" });
  const time = when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const pretty = when.toDateString() === new Date().toDateString() ? "today" : day;
  const words = { date_num: when.toISOString().slice(0, 10), time, time_secs: when.toLocaleTimeString(), ago: pretty };
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => words[name] || (name.endsWith("pretty") ? pretty : name.startsWith("date") ? day : whole));
  return url ? link(url, text) : node("time", "plain", text);
}

function angle(inner) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : plain(inner.slice(bar + 1));
  if (target.startsWith("@")) return node("span", "mention", `@${label || nameOf(target.slice(1))}`);
  if (target.startsWith("#")) {
    const known = state.channels.find((each) => each.id === target.slice(1));
    return node("span", "mention", `#${label || (known ? known.name : target.slice(1))}`);
  }
  if (target.startsWith("!date^")) return date(plain(target), label);
  if (target.startsWith("!")) return node("span", "mention", `@${label || target.slice(1)}`);
  return link(plain(target), label || plain(target));
}

const STYLES = [["*", "strong"], ["_", "em"], ["~", "del"]];
const TOKEN = /```([\s\S]+?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*_~])([*_~])(?=\S)([^\n]*?\S)\4(?![\w*_~])/;

function mrkdwn(text) {
  const out = document.createDocumentFragment();
  let rest = text;
  for (let found = TOKEN.exec(rest); found; found = TOKEN.exec(rest)) {
    out.append(emoji(plain(rest.slice(0, found.index))));
    if (found[1] !== undefined) out.append(node("pre", "", plain(found[1]).replace(/^\n/, "")));
    else if (found[2] !== undefined) out.append(node("code", "", plain(found[2])));
    else if (found[3] !== undefined) out.append(angle(found[3]));
    else out.append(node(STYLES.find(([mark]) => mark === found[4])[1], "", mrkdwn(found[5])));
    rest = rest.slice(found.index + found[0].length);
  }
  out.append(emoji(plain(rest)));
  return out;
}

function words(object) {
  return object.type === "mrkdwn" ? mrkdwn(object.text) : document.createTextNode(emoji(object.text));
}
