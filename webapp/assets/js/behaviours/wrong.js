// A form that came back puts the cursor into the first field that needs a correction.
document.querySelector('[aria-invalid="true"]')?.focus()
