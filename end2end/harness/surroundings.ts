// What `cargo xtask test` tells the specs by environment. Run by hand, they say what is missing.

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set. Run the specs by \`cargo xtask test --only e2e\`, which sets it.`);
  }
  return value;
}

export const signalbox = (): string => setting('SIGNALBOX_BIN');
export const natsServer = (): string => setting('SIGNALBOX_NATS_SERVER');
export const chromium = (): string => setting('SIGNALBOX_CHROMIUM');
