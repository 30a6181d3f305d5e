/** Sizes of texts in pixels. */
export const FONT_SIZE = { title: 13, small: 10, chip: 9.5, label: 9.5 } as const
