/** What can be measured of a picture before any model sees it. Grey levels go from 0 to 255. */
export interface PictureMeasures {
  /** Mean grey level. */
  readonly brightness: number;
  /** Share of white pixels, 0…1. */
  readonly saturated: number;
  /** Fine detail in relation to the brightness; it falls when the picture is blurred. */
  readonly sharpness: number;
  /** Light on what stands still, 1 for that of the reference; absent where nothing does. */
  readonly light?: number;
  /** Mean difference from the reference in grey levels; absent without a reference. */
  readonly deviation?: number;
  /** Mean difference from the empty scene; absent where none was taken. */
  readonly presence?: number;
  /** How what stands still in the picture lies to the reference; absent where nothing does. */
  readonly scene?: ScenePlace;
}

export interface ScenePlace {
  /** Correlation with the reference at its place, -1…1. */
  readonly match: number;
  /** By how much of the picture's width the scene lies further right and lower than in the reference. */
  readonly right: number;
  readonly down: number;
  /** Correlation at that place: low where the scene is another one. */
  readonly matchThere: number;
}
