/** Types that mark a field of a block as what it takes or gives. They cost nothing when the program runs. */

declare const IN: unique symbol
declare const OUT: unique symbol

// What may be anything takes no brand: with one, it could no longer be anything.
type Brand<T, B> = unknown extends T ? T : T extends null | undefined ? T : T & B

/** A field that a block reads: `prompt!: In<string>`. */
export type In<T> = Brand<T, { readonly [IN]?: never }>
/** A field that a block writes: `images!: Out<Image[]>`. */
export type Out<T> = Brand<T, { readonly [OUT]?: never }>
/** A field that a block changes in place: `latents!: InOut<Tensor4D>`. */
export type InOut<T> = Brand<T, { readonly [IN]?: never; readonly [OUT]?: never }>
