import type { StyleName } from '../../../src/text/styles.ts';
import type { Motif, Palette } from './motifs.ts';
import type { Treatment } from './treatments.ts';

/** How each style is pictured: what, in which colours, and how it is drawn. */

const colours = (text: string): Palette => text.split(' ').map((hex) => `#${hex}`) as unknown as Palette;
const dawn = colours('fbd9b5 f6b98a f0603c 6a4c7d 3a3352 f9f1e4');
const day = colours('bfe3f2 8fcbe4 f7c948 4f8a64 2f5d50 f4f1e8');
const night = colours('10142b 1a2350 e8d48b 3a4a8c 23305f f06a6a');
const neon = colours('140a26 241046 ff3fa4 2bd9ff 7a3cff fff04d');
const grey = colours('d9d9d9 bdbdbd f2f2f2 7a7a7a 3b3b3b 111111');
const noir = colours('1c1c1e 2a2a2d d8d8d8 5c5c60 0c0c0d f5f5f5');
const teal = colours('0f2a30 17444b f0a35b 2d7f83 0b1c22 ffd9a0');
const candy = colours('fde2ef f9c6de ff7aa8 8ac6f2 b592e8 ffe27a');
const earth = colours('efe1c6 dcc399 b5623a 7d6a45 4d3b2a f7efe0');
const paper = colours('f7f3ea efe8d8 e2603f 3f7a8c 2c3e50 f2b84b');
const white = colours('fbfaf7 f4f2ec 33312e 8b8780 55514b e4572e');
const lush = colours('dff0d0 b7dba0 e9b44c 5a8f3c 2f5a2c c8553d');
const gold = colours('171310 2a221a d9b36c 8a6a34 4a3a22 f5e6c4');
const pop = colours('ffd400 ff9f1c e71d36 2ec4b6 1b1b3a ffffff');
const retro = colours('f3d9a4 e8b16b d1495b 2e8f8a 2d4654 fff1d0');
const vapor = colours('ffb3e6 b28dff ff6ad5 7b6bff 3d2c8d 94ffd8');
const blood = colours('1a0d0e 351315 a61c25 5b2a2c 120708 e8c9a0');
const sea = colours('cfe8ef 94c7d8 ffffff 2b7a9b 14475f d9482b');
const arcade = colours('0b0b2b 15155a ffcf33 e0413c 3fa34d ffffff');

export interface StylePicture {
  readonly motif: Motif;
  readonly palette: Palette;
  readonly treatment: Treatment;
}

const as = (treatment: Treatment, motif: Motif, palette: Palette): StylePicture => ({
  treatment,
  motif,
  palette,
});

export const stylePictures: Readonly<Record<StyleName, StylePicture>> = {
  base: as('plain', 'mountains', dawn),
  '3d-model': as('ball', 'orbs', colours('d8dce2 c3c9d2 8fa2b8 e08a5b 5f6f82 ffffff')),
  'analog film': as('grain', 'portrait', colours('cbbf9c b3a47f e9cfa8 8a6f4e 4a3a2c 2c241d')),
  anime: as('outlined', 'portrait', colours('a7dcf5 d4f0fb ffe0c7 4d6fd1 2a2f52 2a2f52')),
  cinematic: as('wide', 'city', teal),
  'comic book': as('comic', 'hero', pop),
  'craft clay': as('clay', 'flower', candy),
  'digital art': as('glossy', 'planet', colours('1b1f4b 37308a ff8a5c 7b4fe0 29c7d8 ffffff')),
  enhance: as('glossy', 'mountains', day),
  'fantasy art': as('glow', 'castle', colours('2b2350 5a3c86 e7c9ff 3f2f6b ff9ecb fff2b0')),
  isometric: as('cubes', 'house', colours('dfe9f3 c7d8ea f28f6b 7d9cc0 4a6b94 ffffff')),
  'line art': as('lines', 'flower', white),
  lowpoly: as('facets', 'mountains', dawn),
  neonpunk: as('neon', 'city', neon),
  origami: as('folded', 'ship', paper),
  photographic: as('photo', 'mountains', day),
  'pixel art': as('pixels', 'hero', arcade),
  texture: as('weave', 'orbs', earth),
  advertising: as('glossy', 'bowl', colours('ffe8d1 ffc892 e4572e f7f3ea 3fa36a ffd23f')),
  automotive: as('photo', 'car', colours('aeb9c4 8b98a6 c8202f 4b535c 1c242c 14171a')),
  corporate: as('plain', 'city', colours('eef3f8 dbe6f0 b8cfe4 4a7fb0 23527c ffffff')),
  'fashion editorial': as('photo', 'portrait', colours('e9e2da d6cabf f0d3bd 7c1f2d 1d1a1c 1d1a1c')),
  'food photography': as('photo', 'bowl', colours('3b2c22 54402f f3efe6 6e5138 c9502e 7fb04a')),
  luxury: as('grain', 'orbs', gold),
  'real estate': as('photo', 'house', colours('a9d4ef d5eaf6 f7f4ee 7fae5e 8d4f3b 4a5a66')),
  retail: as('plain', 'bowl', colours('fff1e6 ffe0c8 2f80c2 f6f6f6 f2a65a e4572e')),
  abstract: as('swirls', 'orbs', pop),
  'abstract expressionism': as('splashes', 'orbs', colours('f3eee2 e5dcc8 1f1f1f c8452b e8b22d 2c5f8a')),
  'art deco': as('rays', 'city', gold),
  'art nouveau': as('outlined', 'flower', colours('efe3c2 d9cf9f c96f4a 6f8a55 e0b354 3a3a2a')),
  constructivist: as('rays', 'hero', colours('efe2c6 e6d2a8 c4281c 1d1d1b c4281c 1d1d1b')),
  cubist: as('facets', 'portrait', earth),
  expressionist: as('brush', 'portrait', colours('e86f2c f2a93b f4d8a8 2f6f6b 3a1f4a 8c1c2c')),
  graffiti: as('spray', 'letters', colours('8f8f93 77777b ff4fa0 2be0c8 ffe24a 1a1a1a')),
  hyperrealism: as('photo', 'portrait', colours('7d8a94 5e6a74 e8bf9f 35424d 2a1d17 1d1410')),
  impressionist: as('dabs', 'mountains', day),
  pointillism: as('dots', 'ship', sea),
  'pop art': as('halftone', 'portrait', pop),
  psychedelic: as('swirls', 'flower', colours('ff4fa0 ffb02e 7be04a 6a3cff 2bd9ff fff04d')),
  renaissance: as('canvas', 'portrait', colours('3a2c1c 54402a e8c79f 6b2a22 2b1c12 1f140c')),
  steampunk: as('grain', 'robot', colours('4a3826 664c30 c58b4a 7d5a34 2e2218 f2d28c')),
  surrealist: as('melt', 'planet', colours('f4d9a8 e9bd7d f08a5b 5f86a6 7a4b6b 2b2b4a')),
  typography: as('plain', 'letters', colours('f4efe6 ece4d6 1d1b1a e4572e f2b84b 1d1b1a')),
  watercolor: as('wash', 'flower', colours('fbf8f1 f3eee3 e98aa2 8fbf9a f2c76a 7a5fa8')),
  biomechanical: as('metal', 'robot', colours('22282a 313a3c 8b9a94 4d5a58 b7c4a8 0f1414')),
  'biomechanical cyberpunk': as('neon', 'robot', colours('0a1418 10262c 39ffb0 ff3f7a 1fa2ff d0ff4d')),
  cybernetic: as('metal', 'portrait', colours('1c2733 2b3c4f a9c2d6 54708a 2bd9ff ff5a5a')),
  'cybernetic robot': as('metal', 'robot', colours('dfe6ee c2cdd9 8fa3b8 5b6f86 2c3a4a 2bd9ff')),
  'cyberpunk cityscape': as('neon', 'city', colours('12061f 2a0c44 ff2e88 00e5ff 8a2be2 ffe600')),
  futuristic: as('glossy', 'city', colours('e8f4fb c9e6f5 ffffff 7fb5d5 3f7fa8 00c2d1')),
  'retro cyberpunk': as('scanlines', 'city', neon),
  'retro futurism': as('grain', 'planet', retro),
  'sci-fi': as('glow', 'planet', colours('060b1c 0e1a3a 6fb7ff 274a8c 9fe3ff ffffff')),
  vaporwave: as('sunset', 'mountains', vapor),
  'bubble bobble': as('pixels', 'orbs', colours('101030 1c1c58 5fe06a 57b8ff ff7ad0 ffffff')),
  'cyberpunk game': as('scanlines', 'hero', colours('1a1030 2a1a50 fce300 ff3f7a 00e5ff ffffff')),
  'fighting game': as('comic', 'hero', colours('ff9f1c ffbf69 f4d3b0 8a1c1c 2d3a8c ffffff')),
  gta: as('outlined', 'car', colours('ffb27a ff7f8a f2f2f2 7a4b8a 2b2b4a 1d1b2a')),
  mario: as('pixels', 'hero', colours('6fa8ff 8fc0ff ffcf9f 3fa34d 2d52c8 e0302c')),
  minecraft: as('blocks', 'house', colours('9fd0ff bfe0ff b58a5a 5fa03c 7d5a34 4a3826')),
  pokemon: as('outlined', 'orbs', colours('d8f2c8 b8e29a ffd23f e0413c 5fb0e0 ffffff')),
  'retro arcade': as('scanlines', 'hero', arcade),
  'retro game': as('pixels', 'castle', arcade),
  'rpg fantasy game': as('glow', 'castle', colours('1f2d3a 36505e e2c27a 3a5a3c b0553a fff0b8')),
  'strategy game': as('cubes', 'castle', lush),
  streetfighter: as('outlined', 'hero', colours('f2b84b e88d3c f0c9a0 6b3a2a e8e8e8 c4281c')),
  zelda: as('wash', 'castle', colours('d3ecd6 a9d9b0 f2d98a 4f8a5b 3f6f9a c8a03c')),
  architectural: as('lines', 'house', colours('f4f6f8 e6ebf0 2f4858 6b8296 486072 c8553d')),
  disco: as('sparkle', 'orbs', colours('2a0f3a 4a1a5c d0d4e8 ff4fa0 6fd8ff ffe24a')),
  dreamscape: as('mist', 'castle', colours('e4dcf7 c9c0f0 fff1f6 a9b8ee b79fe0 ffd9a8')),
  dystopian: as('grain', 'city', colours('6b6256 544c42 b5623a 3a342d 221e1a d9a05b')),
  'fairy tale': as('sparkle', 'castle', candy),
  gothic: as('etched', 'castle', noir),
  grunge: as('spray', 'portrait', colours('4a4a46 5e5c54 c9bfae 2c2a28 1a1918 7c2a22')),
  horror: as('mist', 'house', blood),
  kawaii: as('outlined', 'flower', candy),
  lovecraftian: as('melt', 'ship', colours('0d1f1f 14332f 3f7a5c 1d4a44 09201c c8e06a')),
  macabre: as('etched', 'portrait', blood),
  manga: as('halftone', 'hero', grey),
  metropolis: as('photo', 'city', colours('f0c7a0 e39f7a fff0d0 5a6f8a 2c3a52 ffe9a8')),
  minimalist: as('plain', 'planet', colours('f5f2ec f5f2ec e4572e e4572e 1d1b1a 1d1b1a')),
  monochrome: as('photo', 'mountains', grey),
  nautical: as('plain', 'ship', sea),
  space: as('glow', 'planet', colours('05060f 0b0d22 d98a4b 6b3f2a e8c79f ffffff')),
  'stained glass': as('glass', 'flower', colours('2f6fb0 3f9a7a e0413c f2b84b 7a3c9a f4f1e8')),
  'techwear fashion': as('wide', 'portrait', colours('3a4046 2a2f34 c8b7a6 17191c 0d0e10 e4572e')),
  tribal: as('weave', 'flower', colours('c8793c b5622a 1f1510 7a2a1a f2d9a8 1f1510')),
  zentangle: as('etched', 'flower', white),
  collage: as('torn', 'portrait', paper),
  'flat papercut': as('cut', 'mountains', paper),
  kirigami: as('cut', 'flower', colours('c8202f b51c2a f7f3ea f7f3ea c8202f f7f3ea')),
  'paper mache': as('clay', 'hero', earth),
  'paper quilling': as('quilled', 'flower', candy),
  'papercut collage': as('torn', 'house', retro),
  'papercut shadow box': as('cut', 'castle', colours('f6d8a8 f0b87a fff1d0 7a3f5c 3a2340 f6d8a8')),
  'stacked papercut': as('cut', 'ship', sea),
  'thick layered papercut': as('cut', 'orbs', lush),
  alien: as('mist', 'robot', colours('0c1f14 123a22 8fe36a 2f6b3c d8ffb0 06120b')),
  'film noir': as('wide', 'portrait', noir),
  hdr: as('glossy', 'ship', colours('ff9f5a ff6f5c fff2c8 1f6f9a 8a2f5c 2a1a3a')),
  'long exposure': as('trails', 'city', night),
  'neon noir': as('neon', 'car', colours('0a0a12 14142a ff2e63 21243d 08d9d6 eaeaea')),
  silhouette: as('plain', 'mountains', colours('ff9a4b ffc06b fff0b8 1a1216 1a1216 1a1216')),
  'tilt-shift': as('shifted', 'city', day),
};
