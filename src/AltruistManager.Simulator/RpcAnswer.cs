using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Simulator;

/// <summary>Answers JSON-RPC as an Ethereum node does, single or in a batch.</summary>
internal static class RpcAnswer
{
    private const int InvalidRequest = -32600;
    private const int MethodNotFound = -32601;
    private const int InvalidParameters = -32602;
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
        var method = RpcMethods.IndexOf(name);
        if (method >= 0)
            node.CountCall(method);
        if (fault?.Answering == Answering.WithRpcError)
        {
            WriteError(output, rawId, fault.Code, fault.Text!);
            return;
        }

        if (method < 0)
        {
            WriteError(output, rawId, MethodNotFound, $"the method {name} does not exist/is not available");
            return;
        }

        if (fault?.Answering == Answering.WithBatch)
            output.Write("["u8);
        var parameters = call.TryGetProperty("params"u8, out var given) ? given : default;
        switch (method)
        {
            case RpcMethods.ChainId:
                WriteResult(output, rawId, Quoted(BlockJson.Hex(fault?.ChainId ?? node.Chain.ChainId)));
                break;
            case RpcMethods.NetVersion:
                WriteResult(output, rawId, Quoted((fault?.ChainId ?? node.Chain.ChainId).ToString()));
                break;
            case RpcMethods.BlockNumber:
                WriteResult(output, rawId, Quoted(BlockJson.Hex(node.Height)));
                break;
            case RpcMethods.ClientVersion:
                WriteResult(output, rawId, "\"Simulated/v1.0.0/linux-amd64\""u8);
                break;
            case RpcMethods.Syncing:
                WriteResult(output, rawId, SyncState(node, fault));
                break;
            default:
                if (HeightOf(node, parameters) is { } height)
                    WriteResult(output, rawId, Block(node, fault, height));
                else
                    WriteError(output, rawId, InvalidParameters, "invalid argument 0: hex string or block tag expected");
                break;
        }

        if (fault?.Answering == Answering.WithBatch)
            output.Write("]"u8);
    }

    private static ReadOnlySpan<byte> Block(SimulatedNode node, Fault? fault, long height)
    {
        var head = node.Height;
        if (height > head || height <= head - fault?.KeptBlocks)
            return "null"u8;
        return node.Chain.BlockAt(height, BranchAt(height), BranchAt(height - 1), fault?.ClockSkew ?? TimeSpan.Zero).Span;

        int BranchAt(long at) => at >= fault?.ForkedFrom ? fault.Branch : 0;
    }

    private static ReadOnlySpan<byte> SyncState(SimulatedNode node, Fault? fault)
    {
        if (fault is not { SaysSyncing: true })
            return "false"u8;
        var text = $$"""{"startingBlock":"0x0","currentBlock":"{{BlockJson.Hex(node.Height)}}","highestBlock":"{{BlockJson.Hex(node.Chain.Height)}}"}""";
        return Encoding.UTF8.GetBytes(text);
    }

    /// <returns>Null when the parameters name no block.</returns>
    private static long? HeightOf(SimulatedNode node, JsonElement parameters)
    {
        if (parameters.ValueKind != JsonValueKind.Array || parameters.GetArrayLength() is < 1 or > 2
            || parameters[0].ValueKind != JsonValueKind.String)
            return null;
        return parameters[0].GetString() switch
        {
            "latest" or "pending" => node.Height,
            "safe" => Math.Max(0, node.Height - (SimulatedChain.FinalityBlocks / 2)),
            "finalized" => Math.Max(0, node.Height - SimulatedChain.FinalityBlocks),
            "earliest" => 0,
            ['0', 'x', .. var digits] when long.TryParse(digits, NumberStyles.AllowHexSpecifier, null, out var height) && height >= 0 => height,
            _ => null,
        };
    }

    private static byte[] Quoted(string text) => Encoding.UTF8.GetBytes($"\"{text}\"");

    private static void WriteResult(IBufferWriter<byte> output, ReadOnlySpan<byte> id, ReadOnlySpan<byte> result)
    {
        output.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        output.Write(id);
        output.Write(",\"result\":"u8);
        output.Write(result);
        output.Write("}"u8);
    }

    private static void WriteError(IBufferWriter<byte> output, ReadOnlySpan<byte> id, int code, string message)
    {
        output.Write("{\"jsonrpc\":\"2.0\",\"id\":"u8);
        output.Write(id);
        output.Write(Encoding.UTF8.GetBytes($",\"error\":{{\"code\":{code},\"message\":\"{JsonEncodedText.Encode(message)}\"}}}}"));
    }
}
