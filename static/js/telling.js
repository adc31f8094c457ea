// Says at boundaries what happened, for those who listen instead of looking.

import { announce, hush } from "./announce.js";
import { isRecall } from "./recalls.js";

const LONGEST = 160;

export function tell({ type, data }, { me }) {
  const message = data.message;
  if (isRecall(type)) hush();
  if (!message?.author || message.author.username === me) return;
  const name = message.author.display_name;
  if (type === "message.posted") announce(`${name}: ${message.body.slice(0, LONGEST)}`);
  if (type === "message.started") announce(`${name} is writing.`);
  if (type === "message.finished") announce(`${name} answered.`);
  if (type === "message.interrupted") announce(`${name} was interrupted. ${message.notice}`);
}
