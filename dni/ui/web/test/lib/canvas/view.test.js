// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';

import { contains, sameRegion, View } from '../../../lib/canvas/view.js';

const SMALL = { width: 100, height: 50, scale: 4, live_pixels: 10000 };
const LARGE = { width: 2000, height: 1000, scale: 4, live_pixels: 20000 };

/**
 * @param {typeof SMALL} picture
 * @param {{ width?: number, height?: number, ratio?: number }} [canvas]
 */
function viewOf(picture, { width = 800, height = 600, ratio = 1 } = {}) {
  const view = new View();
  view.resize(width, height, ratio);
  view.open(picture);
  return view;
}

/** @param {typeof SMALL} picture */
function actualView(picture) {
  const view = viewOf(picture);
  view.actual();
  return view;
}

test('a picture opens as a whole, however large; only a small one is live as a whole', () => {
  assert.equal(viewOf(SMALL).zoom, 1.5, 'no more than 1.5 screen pixels');
  assert.equal(viewOf(SMALL, { width: 200, height: 600 }).zoom, 0.5);
  assert.equal(viewOf(LARGE).zoom, 0.1);
  assert.deepEqual([viewOf(SMALL).showsAll, viewOf(LARGE).showsAll], [true, true]);
  assert.deepEqual([viewOf(SMALL).whole, viewOf(LARGE).whole], [true, false]);
});

test('a fitted picture stays fitted when the canvas changes, another one keeps its zoom', () => {
  const view = viewOf(SMALL, { width: 200, height: 200 });
  view.resize(100, 200, 1);
  assert.equal(view.zoom, 0.25);
  view.actual();
  view.resize(300, 200, 1);
  assert.deepEqual([view.zoom, view.fitted], [1, false]);
});

test('at 1:1 a picture lies on whole device pixels in the middle', () => {
  for (const ratio of [1, 1.5, 2]) {
    const view = viewOf(SMALL, { width: 801, height: 601, ratio });
    view.actual();
    const place = view.place(view.everything);
    assert.deepEqual([place.width, place.height], [400, 200]);
    assert.ok(Math.abs(place.x + 200 - view.deviceWidth / 2) <= 0.5);
    assert.ok(Number.isInteger(place.x) && Number.isInteger(place.y));
  }
});

test('the point under the pointer stays where it is when zooming', () => {
  const view = actualView(LARGE);
  const [x, y] = [123, 456];
  const before = view.inputPoint({ x, y });
  view.zoomAt(x, y, 2);
  const after = view.inputPoint({ x, y });
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9);
  assert.equal(view.zoom, 2);
});

test('zoom has limits: 16 above, fit or 1:1 below, whichever is smaller', () => {
  const view = viewOf(LARGE);
  view.zoomAt(0, 0, 1000);
  assert.equal(view.zoom, 16);
  view.zoomAt(0, 0, 1e-6);
  assert.equal(view.zoom, view.fitZoom);
  const small = viewOf(SMALL);
  small.zoomAt(0, 0, 1e-6);
  assert.equal(small.zoom, 1);
});

test('the picture never leaves the canvas', () => {
  const view = actualView(LARGE);
  view.pan(1e6, 1e6);
  assert.deepEqual(view.inputPoint({ x: 0, y: 0 }), { x: 0, y: 0 });
  view.pan(-1e6, -1e6);
  assert.deepEqual(view.inputPoint({ x: 800, y: 600 }), { x: 2000, y: 1000 });
  const small = viewOf(SMALL);
  small.pan(50, 50);
  assert.deepEqual([small.x, small.y], [200, 100]);
});

test('a part is shown as large as the canvas allows', () => {
  const view = viewOf(LARGE);
  const part = { left: 500, top: 300, width: 100, height: 50 };
  view.show(part);
  assert.equal(view.zoom, 2);
  assert.ok(contains(view.visible(), part));
});

test('what is seen are whole input pixels inside of the picture', () => {
  const view = actualView(LARGE);
  assert.deepEqual(view.visible(), { left: 900, top: 425, width: 200, height: 150 });
  view.pan(1, 0);
  assert.deepEqual(view.visible(), { left: 899, top: 425, width: 201, height: 150 });
  assert.deepEqual(viewOf(SMALL).visible(), { left: 0, top: 0, width: 100, height: 50 });
});

test('the live region of a large picture is around what is seen, within the budget, and kept while it holds', () => {
  const view = actualView({ ...LARGE, live_pixels: 4 * 200 * 150 });
  const region = view.region(null);
  assert.deepEqual(region, { left: 800, top: 350, width: 400, height: 300 });
  view.pan(300, 0);
  assert.equal(view.region(region), region);
  view.pan(300, 0);
  assert.notEqual(view.region(region), region);
  view.fit();
  const far = view.region(region);
  assert.ok(far.width * far.height <= 4 * 200 * 150);
  assert.ok(contains(view.everything, far));
  assert.deepEqual(viewOf(SMALL).region(region), viewOf(SMALL).everything);
});

test('the divider runs over what is seen of the picture', () => {
  const view = viewOf(SMALL, { width: 800, height: 600 });
  assert.deepEqual(view.edges, { left: 100, right: 700 });
  assert.equal(view.dividerAt(0.5), 400);
  assert.equal(view.fractionAt(view.dividerAt(0.3)), 0.3);
  assert.deepEqual([view.fractionAt(-10), view.fractionAt(1e4)], [0, 1]);
  const large = viewOf(LARGE);
  assert.deepEqual(large.edges, { left: 0, right: 800 });
});

test('without a picture there is an error', () => {
  assert.throws(() => new View().visible(), /Expected a picture/);
});

test('regions are compared by their sides', () => {
  const region = { left: 1, top: 2, width: 3, height: 4 };
  assert.equal(sameRegion(region, { ...region }), true);
  for (const side of /** @type {const} */ (['left', 'top', 'width', 'height'])) {
    assert.equal(sameRegion(region, { ...region, [side]: 9 }), false);
  }
  assert.equal(contains(region, region), true);
  assert.equal(contains(region, { ...region, left: 0 }), false);
  assert.equal(contains(region, { ...region, width: 4 }), false);
});

test('a picture a little larger than the budget is live as a whole, and a much larger one is not', () => {
  const picture = { ...SMALL, live_pixels: 3400 };
  assert.deepEqual(viewOf(picture).region(null), { left: 0, top: 0, width: 100, height: 50 });
  assert.notDeepEqual(viewOf({ ...picture, live_pixels: 3200 }).region(null), { left: 0, top: 0, width: 100, height: 50 });
});

test('regions side by side leave no gap at any zoom', () => {
  const view = new View();
  view.resize(361, 293, 1.25);
  view.open({ width: 512, height: 512, scale: 1, live_pixels: 100 });
  for (let zoom = 0.3; zoom < 3; zoom += 0.07) {
    view.zoom = zoom;
    for (const left of [0, 182, 364]) {
      const [one, next] = [left, left + 182].map((start) => view.place({ left: start, top: start, width: 182, height: 182 }));
      assert.ok(one.x + one.width === next.x && one.y + one.height === next.y);
    }
  }
});
