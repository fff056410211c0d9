// On a narrow screen the bottom navigation scrolls: the place where you are is brought into view.
document.querySelector(".shell-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" })
