using System.Text.Json;

namespace AltruistManager.Client;

/// <summary>Looks into an answer for a JSON-RPC error that is the node's own. Only its beginning is read: an error is short, and a result says at once that there is none.</summary>
internal static class RpcErrors
{
    private const int Looked = 512;

    /// <summary>Codes by EIP-1474. Errors that a user can cause (bad parameters, a reverted call, a rejected transaction) are good answers.</summary>
    private const int Internal = -32603;
    private const int NotFound = -32001;
    private const int Unavailable = -32002;
    private const int LimitExceeded = -32005;

    /// <param name="content">Buffered.</param>
    public static RelayOutcome Find(HttpContent content)
    {
        var body = content.ReadAsStream();
        Span<byte> beginning = stackalloc byte[Looked];
        var length = body.ReadAtLeast(beginning, Looked, throwOnEndOfStream: false);
        body.Position = 0;
        return Find(beginning[..length]);
    }

    private static RelayOutcome Find(ReadOnlySpan<byte> beginning)
    {
        if (beginning.IndexOf("\"error\""u8) < 0)
            return RelayOutcome.Answered;
        try
        {
            return CodeOf(beginning) switch
            {
                Internal or NotFound or Unavailable => RelayOutcome.Rpc,
                LimitExceeded => RelayOutcome.Throttled,
                _ => RelayOutcome.Answered,
            };
        }
        catch (JsonException)
        {
            // What is no JSON is for the one who asked to judge: not all that is relayed is JSON-RPC.
            return RelayOutcome.Answered;
        }
    }

    private static int CodeOf(ReadOnlySpan<byte> beginning)
    {
        var json = new Utf8JsonReader(beginning, isFinalBlock: false, default);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            return 0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("result"u8))
                return 0;
            if (!json.ValueTextEquals("error"u8))
            {
                if (!json.TrySkip())
                    return 0;
                continue;
            }

            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
                continue;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isCode = json.ValueTextEquals("code"u8);
                if (isCode && json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var code))
                    return code;
                if (!isCode && !json.TrySkip())
                    return 0;
            }

            return 0;
        }

        return 0;
    }
}
