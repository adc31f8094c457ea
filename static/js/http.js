// Requests to our own server, and its refusals as errors with a sentence a person understands.

export class Refusal extends Error {
  constructor(facts, status = 0) {
    super(facts.detail || "That did not work.");
    this.code = facts.code || "error";
    this.status = status;
    this.fields = facts.fields || {};
  }

  // Whether the same request may succeed by itself a little later.
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  // One has done this too often for now: its sentence says when one can go on.
  get isLimit() {
    return this.code === "rate_limited" || this.code === "quota_exceeded";
  }

  get sentence() {
    return Object.values(this.fields).flat().join(" ") || this.message;
  }
}

export const unreachable = () => new Refusal({ code: "unreachable", detail: "The server cannot be reached right now." });

export async function ask(path, { method = "GET", body, signal, timeout = 15000 } = {}) {
  const response = await send(path, { method, body, signal, timeout });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

export async function askJSON(path, options) {
  const response = await ask(path, options);
  return response.status === 204 ? null : response.json();
}

async function send(path, { method, body, signal, timeout }) {
  const signals = [AbortSignal.timeout(timeout), signal].filter(Boolean);
  const headers = { Accept: "application/json, text/html" };
  if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: any(signals),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
}

// AbortSignal.any is younger than the browsers we mean to serve.
function any(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort(), { once: true });
  return controller.signal;
}

// A form with a file; fetch cannot say how far it is. `progress` is told a part of 1.
export function upload(path, form, { signal, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const facts = () => {
      try {
        return JSON.parse(request.responseText);
      } catch {
        return {};
      }
    };
    request.open("POST", path);
    request.setRequestHeader("X-CSRFToken", cookie("csrftoken"));
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => total && progress(loaded / total));
    request.addEventListener("load", () =>
      request.status < 400 ? resolve(facts()) : reject(new Refusal(facts(), request.status)),
    );
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(unreachable()));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

async function refusalOf(response) {
  try {
    return new Refusal(await response.json(), response.status);
  } catch {
    return new Refusal({}, response.status);
  }
}

export function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
