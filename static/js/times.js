// Times and days where the reader is. The server's drawing is in the zone it was told; frames are in UTC.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    if (!time.closest(".message")) continue;
    const moment = new Date(time.dateTime);
    (time.firstElementChild ?? time).textContent = clock.format(moment);
    time.title = full.format(moment);
  }
}

export const clockTime = (moment) => clock.format(moment);

export function dayKey(moment) {
  return `${moment.getFullYear()}-${moment.getMonth()}-${moment.getDate()}`;
}

export function dayName(moment) {
  const today = new Date();
  if (dayKey(moment) === dayKey(today)) return "Today";
  today.setDate(today.getDate() - 1);
  if (dayKey(moment) === dayKey(today)) return "Yesterday";
  const format = moment.getFullYear() === new Date().getFullYear() ? day : dayAndYear;
  return format.format(moment).replace(",", "");
}
