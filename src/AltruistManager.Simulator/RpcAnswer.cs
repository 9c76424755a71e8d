using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AltruistManager.Simulator.Languages;

namespace AltruistManager.Simulator;

/// <summary>Answers JSON-RPC in the language of a node, single or in a batch.</summary>
internal static class RpcAnswer
{
    private const int InvalidRequest = -32600;
    private const int MethodNotFound = -32601;
    private const int ParseError = -32700;

    public static void Write(SimulatedNode node, ReadOnlySequence<byte> request, IBufferWriter<byte> output)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(request);
        }
        catch (JsonException)
        {
            WriteError(output, "null"u8, ParseError, "parse error");
            return;
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Array)
            {
                WriteOne(node, root, output);
                return;
            }

            if (root.GetArrayLength() == 0)
            {
                WriteError(output, "null"u8, InvalidRequest, "empty batch");
                return;
            }

            output.Write("["u8);
            var first = true;
            foreach (var call in root.EnumerateArray())
            {
                if (!first)
                    output.Write(","u8);
                first = false;
                WriteOne(node, call, output);
            }

            output.Write("]"u8);
        }
    }

    private static void WriteOne(SimulatedNode node, JsonElement call, IBufferWriter<byte> output)
    {
        if (call.ValueKind != JsonValueKind.Object
            || !call.TryGetProperty("id"u8, out var id)
            || !call.TryGetProperty("method"u8, out var name)
            || name.ValueKind != JsonValueKind.String)
        {
            WriteError(output, "null"u8, InvalidRequest, "invalid request");
            return;
        }

        var fault = node.Fault;
        ReadOnlySpan<byte> rawId = fault?.Answering switch
        {
            Answering.WithWrongId => "987654321"u8,
            Answering.WithNullId => "null"u8,
            _ => JsonMarshal.GetRawUtf8Value(id),
        };
        var language = node.Chain.Language;
        var method = PlaceOf(language, name);
        if (method >= 0)
            node.CountCall(method);
        if (fault?.Answering == Answering.WithRpcError)
        {
            WriteError(output, rawId, fault.Code, fault.Text!);
            return;
        }

        if (method < 0 || fault?.Lacks(language.Methods[method]) == true)
        {
            WriteError(output, rawId, MethodNotFound, $"the method {name} does not exist/is not available");
            return;
        }

        if (fault?.Answering == Answering.WithBatch)
            output.Write("["u8);
        var parameters = call.TryGetProperty("params"u8, out var given) ? given : default;
        var spoken = language.Answer(new NodeView(node), method, parameters, "");
        if (spoken.Message is { } message)
            WriteError(output, rawId, spoken.Code, message, spoken.Details);
        else
            WriteResult(output, rawId, spoken.Json.Span);
        if (fault?.Answering == Answering.WithBatch)
            output.Write("]"u8);
    }

    private static int PlaceOf(INodeLanguage language, JsonElement name)
    {
        for (var place = 0; place < language.Methods.Count; place++)
            if (name.ValueEquals(language.Methods[place]))
                return place;
        return -1;
    }

    private static void WriteResult(IBufferWriter<byte> output, ReadOnlySpan<byte> id, ReadOnlySpan<byte> result)
    {
        output.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        output.Write(id);
        output.Write(",\"result\":"u8);
        output.Write(result);
        output.Write("}"u8);
    }

    private static void WriteError(IBufferWriter<byte> output, ReadOnlySpan<byte> id, int code, string message, string details = "")
    {
        output.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        output.Write(id);
        output.Write(Encoding.UTF8.GetBytes($",\"error\":{{\"code\":{code},\"message\":\"{JsonEncodedText.Encode(message)}\"{details}}}}}"));
    }
}
