using System.Text;

namespace AltruistManager.Client.Tests;

public sealed class RpcErrorsTests
{
    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":"0x1"}""", "answered")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"error":{"code":-32603}}}""", "answered")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"internal"}}""", "rpc")]
    [InlineData("""{"error":{"message":"header not found","code":-32001},"id":{"deep":[1]}}""", "rpc")]
    [InlineData("""{"id":[{"x":1}],"error":{"data":{"code":1},"code":-32002}}""", "rpc")]
    [InlineData("""{"id":1,"error":{"code":-32005,"message":"slow down"}}""", "throttled")]
    [InlineData("""{"id":1,"error":{"code":3,"message":"execution reverted"}}""", "answered")]
    [InlineData("""{"id":1,"error":{"code":-32602,"message":"invalid params"}}""", "answered")]
    [InlineData("""{"id":1,"error":null,"result":1}""", "answered")]
    [InlineData("""{"id":1,"error":"text"}""", "answered")]
    [InlineData("""[{"id":1,"error":{"code":-32603}}]""", "answered")]
    [InlineData("", "answered")]
    [InlineData("<html>", "answered")]
    [InlineData("""{"id":1,"error":{"code":-32603""", "answered")]
    public async Task Error_counts_against_the_node_only_where_it_is_the_nodes_own(string body, string outcome)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        Assert.Equal(outcome, RelayTally.NameOf(RpcErrors.Find(content)));
        Assert.Equal(body, await content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
