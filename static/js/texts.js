// The texts of the scripts, in the language of the page.
const texts = JSON.parse(document.getElementById("fc-texts")?.textContent || "{}");

export const text = (name, number = "") => (texts[name] || name).replace("{n}", number);
