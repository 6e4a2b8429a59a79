// What the pages gain where JavaScript runs. Each of them does the same without it.

const once = (form) => {
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formTarget) return; // a preview beside the form, as often as one likes
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
};

// In the browser that asked for the link, Continue is pressed by itself: once, and only in a page that somebody sees.
const pressContinue = (form) => {
  const press = () => {
    if (document.visibilityState !== "visible" || form.dataset.sent) return;
    document.removeEventListener("visibilitychange", press);
    form.requestSubmit();
  };
  document.addEventListener("visibilitychange", press);
  press();
};

const openOverPage = (link) => {
  const dialog = document.getElementById(link.dataset.dialog);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !dialog?.showModal) return;
    event.preventDefault();
    dialog.showModal();
  });
  dialog?.addEventListener("close", () => link.focus());
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
};

const spaceByFour = (input) => {
  input.addEventListener("input", () => {
    if (input.selectionStart !== input.value.length) return; // somebody corrects the middle: leave it alone
    input.value = input.value.replace(/\D/g, "").slice(0, 19).replace(/(.{4})(?=.)/g, "$1 ");
  });
};

const copyOf = (button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
};

// A picture wider than its box opens where it begins, not on an empty corner.
const openAtBeginning = (begin) => {
  const box = begin.closest(".scrolls");
  const middle = (element) => element.getBoundingClientRect().left + element.getBoundingClientRect().width / 2;
  if (box) box.scrollLeft += middle(begin) - middle(box);
};

// What is typed shows in the preview beside it, a moment after.
const previewLive = (form) => {
  const button = form.querySelector("button[formtarget]");
  let pause;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => form.requestSubmit(button), 300);
  });
  if (form.dataset.live) form.requestSubmit(button); // shown again with what was typed
};

// A page restored from the back button is the page before it was sent.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

document.querySelectorAll('form[method="post"]').forEach(once);
document.querySelectorAll("form[data-auto-continue]").forEach(pressContinue);
document.querySelectorAll("a[data-dialog]").forEach(openOverPage);
document.querySelectorAll('input[autocomplete="cc-number"]').forEach(spaceByFour);
document.querySelectorAll("button[data-copy]").forEach(copyOf);
document.querySelectorAll("form[data-live]").forEach(previewLive);
document.querySelectorAll(".cycle .begin").forEach(openAtBeginning);
document.querySelector("[data-focus]")?.focus();
