// Where a canvas looks: `screen = world * scale + offset`.

export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const SCALE = { least: 0.004, most: 2.5 };

export function zoomAt(camera: Camera, x: number, y: number, factor: number): Camera {
  const scale = Math.min(SCALE.most, Math.max(SCALE.least, camera.scale * factor));
  const ratio = scale / camera.scale;
  return { scale, x: x - (x - camera.x) * ratio, y: y - (y - camera.y) * ratio };
}

export function fit(rect: Rect, width: number, height: number, most = 1): Camera {
  const margin = 24;
  const scale = Math.min(
    most, Math.max(SCALE.least, Math.min((width - 2 * margin) / Math.max(1, rect.width), (height - 2 * margin) / Math.max(1, rect.height))),
  );
  return {
    scale, x: (width - rect.width * scale) / 2 - rect.x * scale, y: (height - rect.height * scale) / 2 - rect.y * scale,
  };
}

/** The least move after which the rectangle can be seen; the same camera if it can be seen already. */
export function showing(camera: Camera, rect: Rect, width: number, height: number): Camera {
  const margin = 16;
  const shift = (start: number, length: number, room: number): number => {
    if (start < margin) return margin - start;
    const over = start + Math.min(length, room - 2 * margin) - (room - margin);
    return over > 0 ? -over : 0;
  };
  const dx = shift(rect.x * camera.scale + camera.x, rect.width * camera.scale, width);
  const dy = shift(rect.y * camera.scale + camera.y, rect.height * camera.scale, height);
  return dx || dy ? { ...camera, x: camera.x + dx, y: camera.y + dy } : camera;
}
