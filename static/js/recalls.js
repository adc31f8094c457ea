// Events after which words are no longer to be read, wherever they stand.

const RECALLS = new Set(["message.redacted", "message.withdrawn"]);

export const isRecall = (type) => RECALLS.has(type);
