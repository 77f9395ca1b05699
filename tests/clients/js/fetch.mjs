// No client at all: fetch.
export function connect({ url, send, documents }) {
  const query = async (operation, variables) => {
    const response = await send(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: documents[operation], variables, operationName: operation }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  return { query, mutate: query };
}
