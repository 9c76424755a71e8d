using System.Globalization;
using System.Numerics;
using AltruistManager.Chains.Protocols;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Chains.Protocols;

public sealed class EvmProtocolTests
{
    private static readonly string SomeHash = $"0x{new string('A', 64)}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Head_is_the_latest_block_without_its_transactions()
    {
        var node = new ScriptedNode(Block("0x10", "0x6553f100", SomeHash));

        var head = await new EvmProtocol().AskHeadAsync(node, Cancellation);

        Assert.Equal(new NodeHead(16, new DateTimeOffset(2023, 11, 14, 22, 13, 20, TimeSpan.Zero), SomeHash.ToLowerInvariant()), head.Value);
        Assert.Equal(("eth_getBlockByNumber", """["latest",false]""", NodeQuestion.Block), (node.Asked!.Method, node.Asked.Body, node.Asked.MaxBytes));
    }

    [Fact]
    public async Task Hash_is_asked_at_its_height_in_hexadecimal()
    {
        var node = new ScriptedNode(Block("0xff", null, SomeHash));

        Assert.Equal(SomeHash.ToLowerInvariant(), (await new EvmProtocol().AskHashAsync(node, 255, Cancellation)).Value);
        Assert.Equal("""["0xff",false]""", node.Asked!.Body);
        Assert.NotNull((await new EvmProtocol().AskHashAsync(node, 254, Cancellation)).Wrong);
    }

    [Fact]
    public async Task No_answer_is_neither_known_nor_wrong()
    {
        var node = new ScriptedNode(null);
        var protocol = new EvmProtocol();

        Assert.Equal(NodeReply<NodeHead>.None, await protocol.AskHeadAsync(node, Cancellation));
        Assert.Equal(NodeReply<string>.None, await protocol.AskIdentityAsync(node, Cancellation));
        Assert.Equal(NodeReply<bool?>.None, await protocol.AskSyncingAsync(node, Cancellation));
        Assert.Equal(NodeReply<string?>.None, await protocol.AskHashAsync(node, 1, Cancellation));
    }

    [Fact]
    public void Identities_are_equal_only_when_their_numbers_are() =>
        Prop.ForAll(ArbMap.Default.ArbFor<uint>(), ArbMap.Default.ArbFor<uint>(), (one, other) =>
            IdentityOf(one) == one.ToString(CultureInfo.InvariantCulture) && IdentityOf(other) == IdentityOf(one) == (one == other)).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("1")]
    [InlineData("0X1")]
    [InlineData("0x")]
    [InlineData("0x 1")]
    [InlineData("0x-1")]
    [InlineData("0x1\n")]
    public async Task Height_is_read_strictly(string number) =>
        Assert.Equal("the latest block has no valid number", (await new EvmProtocol().AskHeadAsync(new ScriptedNode(Block(number, "0x1", SomeHash)), Cancellation)).Wrong);

    private static string? IdentityOf(BigInteger id) =>
        new EvmProtocol().AskIdentityAsync(new ScriptedNode(new NodeAnswer(NodeAnswerKind.Text, $"0x{(id.IsZero ? "0" : id.ToString("x", CultureInfo.InvariantCulture).TrimStart('0'))}", [])), Cancellation)
            .GetAwaiter().GetResult().Value;

    private static NodeAnswer Block(string number, string? timestamp, string hash)
    {
        List<KeyValuePair<string, string?>> fields = [new("number", number), new("hash", hash)];
        if (timestamp is not null)
            fields.Add(new("timestamp", timestamp));
        return new NodeAnswer(NodeAnswerKind.Object, null, fields);
    }

    private sealed class ScriptedNode(NodeAnswer? answer) : INodeClient
    {
        public NodeQuestion? Asked { get; private set; }

        public NodeError? Error => null;

        public Task<NodeAnswer?> AskAsync(NodeQuestion question, CancellationToken cancellation)
        {
            Asked = question;
            return Task.FromResult(answer);
        }
    }
}
