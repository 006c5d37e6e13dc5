//! The first-run page: creates the first administrator and logs in as it.

import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';
import { useSession } from '../../lib/session';
import { Gateway } from './Gateway';
import { LOG_IN } from './LoginForm';

const CREATE = graphql(`
  mutation CreateFirstAdministrator($input: CreateFirstAdministratorInput!) {
    createFirstAdministrator(input: $input) {
      problems {
        code
        message
        path
      }
    }
  }
`);

interface Props {
  /** False on the machine itself; elsewhere the log's code proves that one runs the server. */
  setUpCodeNeeded: boolean;
  onCreated: () => void;
}

export function FirstAdministrator({ setUpCodeNeeded, onCreated }: Props) {
  const { setToken } = useSession();
  const [{ data, error, fetching }, create] = useMutation(CREATE);
  const [, logIn] = useMutation(LOG_IN);
  const form = useForm({
    initialValues: { email: '', password: '', repeated: '', setUpCode: '' },
    validate: {
      password: (value) => (value.length < MIN_PASSWORD ? `At least ${MIN_PASSWORD} characters` : null),
      repeated: (value, values) => (value === values.password ? null : 'The passwords differ'),
    },
  });

  const submit = form.onSubmit(async ({ email, password, setUpCode }) => {
    const created = await create({ input: { email, password, setupCode: setUpCode.trim() || null } });
    if (created.data?.createFirstAdministrator.problems.length !== 0) return;
    const answer = await logIn({ input: { email, password } });
    const token = answer.data?.login.accessToken;
    if (token) setToken(token);
    else onCreated();
  });

  return (
    <Gateway title="Welcome" text="This server has no administrator yet. Create the first one.">
      <form onSubmit={submit}>
        <Stack>
          {setUpCodeNeeded && (
            <TextInput
              label="Set-up code"
              description="The server printed it in its log when it started."
              autoComplete="off"
              spellCheck={false}
              required
              {...form.getInputProps('setUpCode')}
            />
          )}
          <TextInput label="E-mail" type="email" autoComplete="username" required {...form.getInputProps('email')} />
          <PasswordInput label="Password" autoComplete="new-password" required {...form.getInputProps('password')} />
          <PasswordInput label="Password again" autoComplete="new-password" required {...form.getInputProps('repeated')} />
          <Problems problems={data?.createFirstAdministrator.problems ?? []} failure={error && failureText(error)} />
          <Button type="submit" loading={fetching} fullWidth>
            Create administrator
          </Button>
        </Stack>
      </form>
    </Gateway>
  );
}

const MIN_PASSWORD = 8;
