import sharp from 'sharp';

// One thread a picture: several pictures are prepared at once, and the gateway's few cores are the model's.
sharp.concurrency(1);
// No two pictures of a line are the same: a cache of operations would only hold memory.
sharp.cache(false);
// Bytes that carry the signature of one format and are another's never reach a decoder that is not in this list.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadTiffBuffer',
    'VipsForeignLoadWebpBuffer',
  ],
});

export { sharp };
