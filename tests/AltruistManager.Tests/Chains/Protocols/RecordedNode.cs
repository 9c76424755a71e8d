using AltruistManager.Tests.Probing;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>A node that gives recorded answers, by what is asked: the method and parameters of JSON-RPC, or verb, path and body of a REST call.</summary>
internal static class RecordedNode
{
    /// <param name="answers">A result or an error object of JSON-RPC, or the body of a REST call; a status before a REST body is that status.</param>
    public static TestNode With(Dictionary<string, string> answers) => new(exchange =>
    {
        if (exchange.Method.Length > 0)
        {
            var asked = $"{exchange.Method} {exchange.Params.GetRawText()}";
            var found = answers.GetValueOrDefault(asked) ?? answers.GetValueOrDefault(exchange.Method) ?? """error {"code":-32601,"message":"Method not found"}""";
            return found.StartsWith("error ", StringComparison.Ordinal)
                ? exchange.BodyAsync($$"""{"jsonrpc":"2.0","error":{{found[6..]}},"id":{{exchange.Id}} }""")
                : exchange.ReplyAsync(found);
        }

        var body = exchange.Question.GetRawText();
        var rest = answers.GetValueOrDefault(body == "{}" ? exchange.Line : $"{exchange.Line} {body}") ?? """404 {"message":"no such path"}""";
        return char.IsAsciiDigit(rest[0])
            ? exchange.SendAsync($"HTTP/1.1 {rest[..3]} Recorded\r\nContent-Type: application/json\r\nContent-Length: {rest.Length - 4}\r\n\r\n{rest[4..]}")
            : exchange.BodyAsync(rest);
    });
}
