/* The ballot control. */
document.documentElement.classList.add("ready");
