// Runs before the first paint: sets theme and language so that nothing flashes, and requests the data of the first page
// while the scripts are still being loaded (see src/shared/api/prefetched.ts).
(() => {
  let language = navigator.language;
  let startPage = null;
  try {
    const theme = localStorage.getItem("triptych.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    language = localStorage.getItem("triptych.language") || language;
    startPage = localStorage.getItem("triptych.first");
  } catch {
    // the browser denies storage: the system's theme and language apply
  }
  language = language.startsWith("zh") ? "zh" : "en";
  document.documentElement.lang = language;
  const responses = {};
  const prefetch = (url) => {
    responses[url] = fetch(url, {
      headers: { accept: "application/json", "accept-language": language },
      credentials: "same-origin",
    });
    responses[url].catch(() => {}); // the client repeats a request that failed
  };
  prefetch("/v1/me");
  const board = "/results/boards";
  if (location.pathname === board || (location.pathname === "/" && (startPage === null || startPage === board))) {
    prefetch("/v1/boards");
    if (!location.search) prefetch("/v1/boards/revenue?compare=previous&compare=year");
  }
  window.triptychPrefetched = responses;
})();
