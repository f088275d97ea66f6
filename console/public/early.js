// Before anything is painted: the theme and the language that were chosen, so that nothing flashes.
(function () {
  try {
    var theme = localStorage.getItem("triptych.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    var language = localStorage.getItem("triptych.language") || navigator.language;
    document.documentElement.lang = language.slice(0, 2) === "zh" ? "zh" : "en";
  } catch (error) {
    /* storage is closed to us: the system's own theme holds */
  }
})();
