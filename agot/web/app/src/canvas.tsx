// A canvas that fills its place, in device pixels.

import { useEffect, useRef } from "preact/hooks";
import type { ComponentProps } from "preact";

interface Props extends Omit<ComponentProps<"canvas">, "ref" | "onSize"> {
  readonly onReady: (canvas: HTMLCanvasElement) => (() => void) | void;
  readonly onSize: (width: number, height: number, ratio: number) => void;
}

export function Canvas({ onReady, onSize, ...rest }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const sized = useRef(onSize);
  sized.current = onSize;
  useEffect(() => {
    const element = canvas.current!;
    const end = onReady(element);
    const measure = (): void => {
      const { width, height } = element.getBoundingClientRect();
      if (width && height) sized.current(width, height, devicePixelRatio || 1);
    };
    measure();
    const observer = new ResizeObserver(measure);
    // The place may scroll within another one, which is then what is seen of it.
    observer.observe(element.parentElement!);
    observer.observe(element.parentElement!.parentElement!);
    return () => {
      observer.disconnect();
      if (end) end();
    };
  }, []);
  return <canvas ref={canvas} {...rest} />;
}

/** Where on its element a pointer is. */
export function at(event: MouseEvent): { x: number; y: number } {
  const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
