// Accounts, made as people make them: by the admin's page and the link its owner gets.
import type { Demo } from './demo.ts';
import { expect, type Page } from './test.ts';

export const PASSWORD = 'correct horse battery';

/** Makes an account by the admin's page and sets its password by the link, as its owner would in a browser of their own. */
export async function made(page: Page, demo: Demo, name: string, role: string): Promise<void> {
  await page.goto(`${demo.signIn}?to=/access`);
  await page.getByRole('textbox', { name: 'Name of a new account' }).fill(name);
  await page.locator('#accounts form.act').getByRole('combobox', { name: 'Role' }).selectOption(role);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const link = await page.locator('#fresh code').innerText();
  expect(link).toMatch(/^\/welcome\/[0-9a-f]{64}$/);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await page.goto(link);
  await expect(page.getByText(`For the account ${name}, ${role}`)).toBeVisible();
  await page.getByLabel(/^Password/).fill(PASSWORD);
  await page.getByRole('button', { name: 'Set it and sign in' }).click();
  await expect(page.locator('.reader')).toContainText(name);
}
