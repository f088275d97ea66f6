// Before anything is painted: the theme and the language that were chosen, so that nothing flashes. And what the first
// page will ask is asked now, so that the answers come while the scripts are still read (see api/early.ts).
(function () {
  var language = navigator.language;
  var first = null;
  try {
    var theme = localStorage.getItem("triptych.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    language = localStorage.getItem("triptych.language") || language;
    first = localStorage.getItem("triptych.first");
  } catch (error) {
    /* storage is closed to us: the system's own theme holds */
  }
  language = language.slice(0, 2) === "zh" ? "zh" : "en";
  document.documentElement.lang = language;
  var asked = {};
  function ask(path) {
    asked[path] = fetch(path, { headers: { accept: "application/json", "accept-language": language }, credentials: "same-origin" });
    asked[path].catch(function () { /* whoever takes it asks again */ });
  }
  ask("/v1/me");
  var board = location.pathname === "/results/boards" || (location.pathname === "/" && (first === null || first === "/results/boards"));
  if (board) {
    ask("/v1/boards");
    if (!location.search) ask("/v1/boards/revenue?compare=previous&compare=year");
  }
  window.triptychAsked = asked;
})();
