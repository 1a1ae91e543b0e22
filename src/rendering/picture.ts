/** A picture as screens show it: 8 bits a sample, rows from the top; 1 channel (grey) or 3 (RGB). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly samples: Uint8Array;
}

export type PictureType = 'image/jpeg' | 'image/png';
