//! The login.

import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';
import { useSession } from '../../lib/session';
import { Gateway } from './Gateway';

export const LOG_IN = graphql(`
  mutation LogIn($input: LoginInput!) {
    login(input: $input) {
      accessToken
      problems {
        code
        message
        path
      }
    }
  }
`);

export function LoginForm() {
  const { setToken } = useSession();
  const [{ data, error, fetching }, logIn] = useMutation(LOG_IN);
  const form = useForm({ initialValues: { email: '', password: '' } });

  const submit = form.onSubmit(async (input) => {
    const answer = await logIn({ input });
    const token = answer.data?.login.accessToken;
    if (token) setToken(token);
  });

  return (
    <Gateway title="Log in" text="Manage broadcasts, subscribers and who may publish or play.">
      <form onSubmit={submit}>
        <Stack>
          <TextInput label="E-mail" type="email" autoComplete="username" required data-autofocus {...form.getInputProps('email')} />
          <PasswordInput label="Password" autoComplete="current-password" required {...form.getInputProps('password')} />
          <Problems problems={data?.login.problems ?? []} failure={error && failureText(error)} />
          <Button type="submit" loading={fetching} fullWidth>
            Log in
          </Button>
        </Stack>
      </form>
    </Gateway>
  );
}
