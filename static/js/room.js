// A room that is open: the parts of the page, and what they hear of one another.

import { Actions } from "./message_actions.js";
import { AgentsNow } from "./agents_now.js";
import { Around } from "./around.js";
import { Beside } from "./beside.js";
import { Composer } from "./composer.js";
import { Doing } from "./doing.js";
import { Feed } from "./feed.js";
import { showLine } from "./line.js";
import { People } from "./people.js";
import { Personal } from "./personal.js";
import { Quotes } from "./quotes.js";
import { ReadMark } from "./read_mark.js";
import { runButtons } from "./runs.js";
import { hearRun } from "./run_panel.js";
import { Together } from "./together.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";
import { Uses } from "./uses.js";
import { Writing } from "./writing.js";
import { tell } from "./telling.js";
import { watchRooms } from "./sidebar.js";

const root = document.getElementById("room");
const room = {
  root,
  slug: root.dataset.room,
  me: root.dataset.me,
  name: root.dataset.name,
  history: root.dataset.history,
  may: (permission) => root.dataset.may.split(" ").includes(permission),
};

const around = new Around({ room, composer: () => composer });
const feed = new Feed({ room: room.slug, after: Number(root.dataset.after) });
const personal = new Personal(room);
const timeline = new Timeline({ room, personal });
const writing = new Writing({ room, timeline });
const people = new People({ room, feed });
const doing = new Doing({ room, feed, people });
const now = new AgentsNow({ room, feed });
const typing = new Typing({ room, feed });
const composer = new Composer({ room, feed, timeline, people, typing });
const actions = new Actions({ room, timeline, composer });
const beside = new Beside({ room, timeline });
const quotes = new Quotes({ room, timeline });
new ReadMark({ room, feed, timeline });
const uses = new Uses({ room, timeline, feed });
const together = new Together({ room, timeline, feed });
runButtons(room);
showLine(room, feed);
watchRooms(feed);

feed.addEventListener("frame", ({ detail: frame }) => {
  if (frame.type === "message.text") return writing.hear(frame.data);
  if (frame.article) timeline.put(timeline.drawn(frame.article), { isNew: isArrival(frame) });
  quotes.hear(frame);
  composer.hear(frame);
  beside.hear(frame);
  hearRun(frame);
  typing.hear(frame);
  doing.hear(frame);
  now.hear(frame);
  people.hear(frame);
  around.hear(frame);
  tell(frame, room);
});

// What was away too long has missed events of every kind.
feed.addEventListener("resync", async () => {
  const after = await timeline.reload();
  anew();
  around.renew();
  people.renew();
  feed.resume(after);
});
around.addEventListener("rights", () => {
  timeline.articles.forEach((article) => personal.touch(article));
  actions.renew();
  anew();
});
feed.addEventListener("closed", ({ detail: reason }) => composer.close(reason));

const isArrival = (frame) => frame.type === "message.posted" || frame.type === "message.started";

// Everything that is fetched for the answers on the page.
function anew() {
  for (const piece of [beside, uses, together]) piece.anew();
}

feed.open();
root.dataset.ready = "";
